using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Tests.Weights;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Checkpoints;

public sealed class InspectionTests
{
    public static TheoryData<string> Lists => new(Directory.EnumerateFiles(Manifests.Folder, "*.tsv").Select(file => Path.GetFileName(file)!).Order());

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_published_list_is_named(string list)
    {
        var inspection = Inspection.Of(Path.Combine(Manifests.Folder, list));

        string model = Path.GetFileNameWithoutExtension(list);
        string scheme = model[..model.IndexOf('.')];
        string want = model[(scheme.Length + 1)..] switch
        {
            "wan2.1-t2v-1.3b" => "Wan 2.1 T2V 1.3B transformer",
            "wan2.1-t2v-14b" or "wan2.2-t2v-a14b-expert" => "Wan 2.1 T2V 14B / Wan 2.2 T2V A14B (one expert) transformer",
            "wan2.1-i2v-14b" => "Wan 2.1 I2V 14B transformer",
            "wan2.1-flf2v-14b" => "Wan 2.1 FLF2V 14B transformer",
            "wan2.1-vace-1.3b" => "Wan 2.1 VACE 1.3B transformer",
            "wan2.1-vace-14b" => "Wan 2.1 VACE 14B / Wan 2.2 VACE-Fun A14B (one expert) transformer",
            "wan2.2-i2v-a14b-expert" => "Wan 2.2 I2V A14B (one expert) transformer",
            "wan2.2-ti2v-5b" => "Wan 2.2 TI2V 5B transformer",
            "vae-2.1" => "Wan VAE 2.1",
            "vae-2.2" => "Wan VAE 2.2",
            "umt5-xxl" => "UMT5-XXL text encoder",
            "clip-vit-h-14" or "clip-vit-h-14-visual" => "CLIP ViT-H/14 image encoder",
            var other => throw new ArgumentException($"No expectation for {other}."),
        };
        Assert.Equal($"{want} ({scheme} names)", inspection.Name);
        Assert.True(inspection.Parts[0].Identity!.IsExact);
        Assert.True(inspection.IsComplete);
        Assert.True(inspection.Parts[0].IsList);
    }

    [Fact]
    public void A_folder_of_parts_needs_no_index_to_be_known()
    {
        var inspection = Inspection.Of(Path.Combine(Repository.Goldens, "models", "wide-head-128"));

        Assert.Equal("diffusers folder", inspection.Layout);
        Assert.True(Assert.Single(inspection.Parts).Identity!.IsComplete);
        Assert.NotNull(inspection.Checkpoint);
        Assert.Contains(inspection.Problems, p => p.Contains("the tokenizer, is missing", StringComparison.Ordinal));
    }

    [Fact]
    public void Missing_extra_and_misshapen_tensors_are_told_in_the_files_own_names()
    {
        var list = Manifests.Read("official.wan2.1-t2v-1.3b").ToList();
        list.RemoveAll(t => t.Name == "blocks.3.ffn.0.bias");
        int at = list.FindIndex(t => t.Name == "blocks.4.norm3.weight");
        list[at] = list[at] with { Shape = [1537] };
        list.Add(new TensorInfo("blocks.5.gate", DType.F32, [2, 3], 24));

        var identity = ModelIdentity.Identify(list.Select(t => t with { Name = $"model.diffusion_model.{t.Name}" }));

        Assert.Equal("Wan 2.1 T2V 1.3B transformer (official names)", identity.Name);
        Assert.False(identity.IsExact);
        Assert.Equal(["model.diffusion_model.blocks.3.ffn.0.bias [8960]"], identity.Missing);
        Assert.Equal(["model.diffusion_model.blocks.4.norm3.weight is [1537], should be [1536]"], identity.Misshapen);
        Assert.Equal(["model.diffusion_model.blocks.5.gate [2, 3]"], identity.Extra);
    }

    [Theory]
    [InlineData("wan21-t2v", "diffusers folder", 3)]
    [InlineData("wan21-i2v", "diffusers folder", 4)]
    [InlineData("wan22-i2v-a14b", "diffusers folder", 4)]
    [InlineData("official-wan21-t2v", "folder in Wan's own layout", 3)]
    public void Complete_folders_are_complete(string name, string layout, int parts)
    {
        var inspection = Inspection.Of(Path.Combine(Repository.Goldens, "models", name));

        Assert.Equal(layout, inspection.Layout);
        Assert.Equal(parts, inspection.Parts.Count);
        Assert.All(inspection.Parts, part => Assert.True(part.Identity!.IsComplete, part.Identity.Name));
        Assert.Empty(inspection.Problems);
        Assert.True(inspection.IsComplete);
    }

    [Fact]
    public void What_a_folder_lacks_is_said()
    {
        var inspection = Inspection.Of(Path.Combine(Repository.Goldens, "models", "official-wan22-t2v-a14b"));

        Assert.False(inspection.IsComplete);
        Assert.Contains(inspection.Problems, p => p.Contains("the text encoder"));
        Assert.Contains(inspection.Problems, p => p.Contains("the VAE"));
        Assert.Contains(inspection.Problems, p => p.Contains("the tokenizer"));
        Assert.Equal(2, inspection.Parts.Count);
    }

    [Fact]
    public void A_folder_whose_index_names_an_absent_part_says_so()
    {
        using var folder = new TemporaryFolder();
        folder.Write("model_index.json", """{"_class_name":"WanPipeline","vae":["diffusers","AutoencoderKLWan"],"image_encoder":[null,null]}"""u8.ToArray());

        var inspection = Inspection.Of(folder.Path);

        Assert.Contains(inspection.Problems, p => p.Contains("folder vae is missing"));
        Assert.DoesNotContain(inspection.Problems, p => p.Contains("image_encoder"));
    }

    [Fact]
    public void A_broken_file_is_reported_and_does_not_stop_the_rest()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.safetensors", [1, 2, 3]);
        folder.Write("b.safetensors", new SafetensorsBuilder().Metadata("""{"by":"me"}""").Add("x", "F4", [2], [0]).ToArray());

        var inspection = Inspection.Of(folder.Path);

        Assert.Contains("needs at least", inspection.Parts[0].Problem);
        Assert.Equal((DType.F4, 1, 1L), inspection.Parts[1].Types.Single());
        Assert.Equal("me", inspection.Parts[1].Metadata["by"]);
        Assert.Equal("not a part of a Wan model", inspection.Parts[1].Identity!.Name);
    }
}
