using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Schedulers;
using Engine.Model.Tests.Weights;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Checkpoints;

public sealed class OfficialLayoutTests
{
    static string Model(string name) => Path.Combine(Repository.Goldens, "models", name);

    [Fact]
    public void A_wan21_folder_opens()
    {
        var model = Checkpoint.Open(Model("official-wan21-t2v"));

        Assert.Equal(CheckpointLayout.Official, model.Layout);
        Assert.Equal((2, 32, 3, 48), (model.Transformer!.Heads, model.Transformer.HeadDim, model.Transformer.Layers, model.Transformer.TextDim));
        Assert.Equal((16, 1, false), (model.Vae!.ZDim, model.Vae.PatchSize, model.Vae.IsResidual));
        Assert.Equal((48, 3, 16), (model.TextEncoder!.DModel, model.TextEncoder.Heads, model.TextEncoder.DKv));
        Assert.Equal(40, model.Info.MaxSequenceLength);
        Assert.Equal(new SchedulerConfig(SchedulerKind.UniPc, 5), model.Scheduler);
        Assert.True(File.Exists(model.TokenizerPath));
        SameAsExpected(model.OpenTransformer, ExpectedTensors.Of(model.Transformer));
        SameAsExpected(model.OpenVae, ExpectedTensors.Of(model.Vae));
        SameAsExpected(model.OpenTextEncoder, ExpectedTensors.Of(model.TextEncoder));
    }

    [Fact]
    public void A_wan22_folder_with_per_token_timesteps_opens()
    {
        var model = Checkpoint.Open(Model("official-wan22-ti2v"));

        Assert.True(model.Info.ExpandTimesteps);
        Assert.Equal((12, 2, true, 16), (model.Vae!.ZDim, model.Vae.PatchSize, model.Vae.IsResidual, model.Vae.SpatialFactor));
        Assert.Null(model.TextEncoder);
        SameAsExpected(model.OpenTransformer, ExpectedTensors.Of(model.Transformer!));
        SameAsExpected(model.OpenVae, ExpectedTensors.Of(model.Vae));
    }

    [Fact]
    public void Two_experts_in_shards_open()
    {
        var model = Checkpoint.Open(Model("official-wan22-t2v-a14b"));

        Assert.True(model.HasTransformer2);
        Assert.Equal((0.875f, 4f, 3f), (model.Info.BoundaryRatio, model.Info.Guidance, model.Info.Guidance2));
        SameAsExpected(model.OpenTransformer, ExpectedTensors.Of(model.Transformer!));
        SameAsExpected(model.OpenTransformer2, ExpectedTensors.Of(model.Transformer!));
    }

    [Fact]
    public void The_clip_file_opens_with_its_fused_projections_in_thirds()
    {
        string path = Path.Combine(Model("official-clip"), "models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth");
        var model = Checkpoint.Open(path, heads: 4);

        Assert.Equal((40, 80, 4, 28, 7), (model.ImageEncoder!.HiddenSize, model.ImageEncoder.IntermediateSize, model.ImageEncoder.Heads, model.ImageEncoder.ImageSize, model.ImageEncoder.PatchSize));
        SameAsExpected(model.OpenImageEncoder, ExpectedTensors.Of(model.ImageEncoder));
        using var stored = TorchFile.Open(path);
        using var shown = model.OpenImageEncoder();
        byte[] fused = Bytes(stored, "visual.transformer.1.attn.to_qkv.weight");
        byte[] thirds =
        [
            .. Bytes(shown, "encoder.layers.1.self_attn.q_proj.weight"),
            .. Bytes(shown, "encoder.layers.1.self_attn.k_proj.weight"),
            .. Bytes(shown, "encoder.layers.1.self_attn.v_proj.weight"),
        ];
        Assert.Equal(fused, thirds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("model.diffusion_model.")]
    [InlineData("diffusion_model.")]
    [InlineData("model.")]
    public void A_single_file_opens_under_any_usual_prefix(string prefix)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("dit.safetensors", Renamed(Path.Combine(Model("official-wan21-t2v"), "diffusion_pytorch_model.safetensors"), prefix));
        var model = Checkpoint.Open(path, heads: 2);

        Assert.Equal((CheckpointLayout.SingleFile, 64, 3), (model.Layout, model.Transformer!.Width, model.Transformer.Layers));
        Assert.Null(model.Vae);
        SameAsExpected(model.OpenTransformer, ExpectedTensors.Of(model.Transformer));
        Assert.Contains("give the number of heads", Assert.Throws<WeightFileException>(() => Checkpoint.Open(path)).Message);
    }

    [Fact]
    public void A_configuration_that_contradicts_the_weights_is_refused()
    {
        using var folder = new TemporaryFolder();
        string source = Model("official-wan21-t2v");
        folder.Write("diffusion_pytorch_model.safetensors", File.ReadAllBytes(Path.Combine(source, "diffusion_pytorch_model.safetensors")));
        string config = File.ReadAllText(Path.Combine(source, "config.json"));
        File.WriteAllText(Path.Combine(folder.Path, "config.json"), config.Replace("\"ffn_dim\": 160", "\"ffn_dim\": 161"));

        Assert.Contains("ffn_dim is 161, but the weights have 160", Assert.Throws<WeightFileException>(() => Checkpoint.Open(folder.Path)).Message);
    }

    [Fact]
    public void Files_of_unknown_content_are_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.safetensors", new SafetensorsBuilder().Add("x", "F32", [1], new byte[4]).ToArray());

        Assert.Contains("not those of a Wan", Assert.Throws<WeightFileException>(() => Checkpoint.Open(path)).Message);
    }

    static void SameAsExpected(Func<IWeightSource> open, IReadOnlyList<(string Name, Shape Shape)> expected)
    {
        using var source = open();
        Assert.Equal(Manifests.Lines(expected), Manifests.Lines(source.Tensors.Select(t => (t.Name, t.Shape.ToArray()))));
    }

    static byte[] Bytes(IWeightSource source, string name)
    {
        var tensor = source.Find(name)!;
        var bytes = new byte[tensor.Bytes];
        source.Read(tensor, 0, bytes);
        return bytes;
    }

    static byte[] Renamed(string path, string prefix)
    {
        using var source = SafetensorsFile.Open(path);
        var file = new SafetensorsBuilder();
        foreach (var tensor in source.Tensors)
        {
            file.Add(prefix + tensor.Name, tensor.Type.ToSafetensors(), [.. tensor.Shape], Bytes(source, tensor.Name));
        }

        return file.ToArray();
    }
}
