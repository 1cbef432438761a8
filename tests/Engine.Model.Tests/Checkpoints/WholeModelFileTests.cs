using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Model.Tests.Weights;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Checkpoints;

/// <summary>Files with a whole model inside, as ComfyUI saves a checkpoint: each part under a prefix of its own.</summary>
public sealed class WholeModelFileTests : IDisposable
{
    const string TextPrefix = "text_encoders.umt5xxl.transformer.";

    readonly TemporaryFolder _folder = new();
    readonly Checkpoint _parts = Checkpoint.Open(Path.Combine(Repository.Goldens, "models", "wan21-t2v"));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("model.diffusion_model.", "vae.", "text_encoders.umt5xxl.transformer.")]
    [InlineData("model.diffusion_model.", "first_stage_model.", "cond_stage_model.umt5xxl.transformer.")]
    public void Every_part_opens(string transformer, string vae, string text)
    {
        string path = Write(transformer, vae, text);
        var model = Checkpoint.Open(path);

        Assert.Equal((CheckpointLayout.SingleFile, 3), (model.Layout, model.Parts.Count));
        Assert.Equal((2, 3), (model.Transformer!.Heads, model.Transformer.Layers));
        Same(_parts.OpenTransformer, model.OpenTransformer);
        Same(_parts.OpenVae, model.OpenVae);
        Same(_parts.OpenTextEncoder, model.OpenTextEncoder);
        Assert.Equal(_parts.TextEncoder!.DModel, model.TextEncoder!.DModel);
        Assert.Equal(_parts.Vae!.ZDim, model.Vae!.ZDim);
        var tokenizer = TokenizerFile.Load(model.TokenizerPath!);
        Assert.Equal(TokenizerFile.Load(_parts.TokenizerPath!).Encode("A red ball", 64), tokenizer.Encode("A red ball", 64));
    }

    [Fact]
    public void It_is_inspected_part_by_part()
    {
        var inspection = Inspection.Of(Write("model.diffusion_model.", "vae.", TextPrefix), heads: 2);

        Assert.True(inspection.IsComplete, string.Join("; ", inspection.Parts.Select(p => $"{p.Identity?.Name}: {string.Join(", ", p.Identity?.Extra ?? [])}")));
        Assert.Equal(["text encoder", "transformer", "VAE"], inspection.Parts.Select(part => part.Name).Order(StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public void One_of_its_parts_goes_with_another_model()
    {
        string path = Write("model.diffusion_model.", "vae.", TextPrefix);
        var model = Checkpoint.Open(_parts.Path, new CheckpointFiles { Vae = path });

        Same(_parts.OpenVae, model.OpenVae);
        Assert.True(KnownModels.Same(_parts.Vae!, model.Vae!));
    }

    // Also what such files hold beside the parts: the tokenizer, and the temperature of a contrastive model that nobody asks for.
    string Write(string transformer, string vae, string text)
    {
        var file = new SafetensorsBuilder().Metadata("""{"num_attention_heads":"2"}""");
        foreach (var (part, prefix) in new[] { (ModelPart.Transformer, transformer), (ModelPart.Vae, vae), (ModelPart.TextEncoder, text) })
        {
            using var stream = new MemoryStream();
            WeightConverter.Convert(_parts.Parts.Single(p => p.Kind == part), stream, gguf: false, DType.F32, diffusersNames: false, null, null, TestContext.Current.CancellationToken);
            using var source = SafetensorsFile.Open(_folder.Write($"{part}.safetensors", stream.ToArray()));
            foreach (var tensor in source.Tensors)
            {
                file.Add(prefix + tensor.Name, tensor.Type.ToSafetensors(), [.. tensor.Shape], Bytes(source, tensor));
            }
        }

        byte[] pieces = File.ReadAllBytes(_parts.TokenizerPath!);
        file.Add("text_encoders.spiece_model", "U8", [pieces.Length], pieces).Add("text_encoders.umt5xxl.logit_scale", "F32", [], new byte[4]);
        return _folder.Write("all.safetensors", file.ToArray());
    }

    static void Same(Func<IWeightSource> first, Func<IWeightSource> second)
    {
        using var a = first();
        using var b = second();
        Assert.Equal(a.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal), b.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.All(a.Tensors, tensor => Assert.Equal(Bytes(a, tensor), Bytes(b, b.Find(tensor.Name)!)));
    }

    static byte[] Bytes(IWeightSource source, TensorInfo tensor)
    {
        var bytes = new byte[tensor.Bytes];
        source.Read(tensor, 0, bytes);
        return bytes;
    }
}
