using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Model.Tests.Weights;
using Engine.Model.Text;
using Engine.Model.Vision;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>Text and image encoders in the small formats in which people have them.</summary>
public sealed class EncoderFilesTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly CpuDevice _device = new();

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    // ComfyUI's file: 8-bit matrices with factors, an empty mark, and the tokenizer as a tensor of bytes. The limit is that of the
    // precision; beside it, the same values widened to f32 have to give the same.
    [Theory]
    [InlineData(DType.F8E4M3, false, 0.2)]
    [InlineData(DType.F8E5M2, false, 0.4)]
    [InlineData(DType.F16, true, 0.002)]
    [InlineData(DType.Q8_0, true, 0.02)]
    public void A_text_encoder_runs(DType type, bool gguf, double limit)
    {
        var golden = Golden.Load("module-umt5");
        var original = Checkpoint.Open(golden.Model!);
        string path = _folder.Convert(original.Parts.Single(p => p.Kind == ModelPart.TextEncoder), type, gguf, gguf ? original.TokenizerPath : null);
        if (!gguf)
        {
            path = WithTokenizer(path, original.TokenizerPath!);
        }

        var model = Checkpoint.Open(golden.Model!, new CheckpointFiles { TextEncoder = path });
        Assert.Equal(path, model.TokenizerPath);
        Assert.Equal(TokenizerFile.Load(original.TokenizerPath!).Encode("A red ball.", 64), TokenizerFile.Load(path).Encode("A red ball.", 64));
        Assert.True(ModelIdentity.Identify(WeightFiles.Open(path).Tensors) is { IsComplete: true, Part: ModelPart.TextEncoder });
        float[] got = Encode(golden, model, type);
        double error = Golden.RelativeError(got, golden.Floats("last_hidden_state").AsSpan(0, got.Length));
        Assert.InRange(error, limit / 1000, limit);
        string widened = _folder.Convert(CheckpointPart.InFile(path)[0], DType.F32, gguf: false);
        Assert.InRange(Golden.RelativeError(got, Encode(golden, Checkpoint.Open(golden.Model!, new CheckpointFiles { TextEncoder = widened }), DType.F32)), 0, 1e-5);
    }

    float[] Encode(Golden golden, Checkpoint model, DType type)
    {
        using var source = model.OpenTextEncoder();
        Assert.Contains(source.Tensors, t => t.Type == type);
        using var encoder = new Umt5Encoder(source, model.TextEncoder!, _device, resident: false);
        using var scratch = new Workspace(_device);
        int tokens = (int)golden.Integers("attention_mask").Take(golden.Shape("input_ids")[1]).Sum();
        int[] ids = [.. golden.Integers("input_ids").Take(tokens).Select(id => (int)id)];
        using var got = encoder.Encode([ids], scratch, cancel: TestContext.Current.CancellationToken)[0];
        return got.ToArray();
    }

    [Theory]
    [InlineData(DType.F8E4M3, false, 0.2)]
    [InlineData(DType.F8E5M2, false, 0.4)]
    [InlineData(DType.F16, true, 0.002)]
    public void An_image_encoder_runs(DType type, bool gguf, double limit)
    {
        var golden = Golden.Load("module-clip-vision");
        string path = _folder.Convert(Checkpoint.Open(golden.Model!).Parts.Single(p => p.Kind == ModelPart.ImageEncoder), type, gguf);
        float[] got = See(golden, path);
        double error = Golden.RelativeError(got, golden.Floats("penultimate_hidden_state").AsSpan(0, got.Length));
        Assert.InRange(error, limit / 1000, limit);
        string widened = _folder.Convert(new CheckpointPart("image encoder", ModelPart.ImageEncoder, path), DType.F32, gguf: false);
        Assert.InRange(Golden.RelativeError(got, See(golden, widened)), 0, 1e-5);
    }

    float[] See(Golden golden, string path)
    {
        var config = Checkpoint.Open(golden.Model!).ImageEncoder!;
        using var source = new CheckpointPart("image encoder", ModelPart.ImageEncoder, path).Open();
        var store = new WeightStore(source, _device);
        var encoder = ClipVisionEncoder.Load(store.Root, config, _device);
        store.Complete();
        using var scratch = new Workspace(_device);
        using var pixels = golden.Tensor("pixel_values", _device);
        using var hidden = _device.NewTensor([config.Tokens, config.HiddenSize]);
        encoder.Forward(pixels[0], hidden, scratch);
        store.Release();
        return hidden.ToArray();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_converted_transformer_of_unusual_heads_says_how_many_it_has(bool gguf)
    {
        var original = Checkpoint.Open(Golden.Load("module-dit-t2v").Model!);
        string path = _folder.Convert(original.Parts.Single(p => p.Kind == ModelPart.Transformer), DType.F16, gguf);

        Assert.Equal(original.Transformer!.Heads, Checkpoint.Open(path).Transformer!.Heads);

        // And again, from a file with no configuration beside it.
        Assert.Equal(original.Transformer.Heads, Checkpoint.Open(_folder.Convert(CheckpointPart.InFile(path)[0], DType.F32, !gguf)).Transformer!.Heads);
    }

    [Fact]
    public void A_lone_transformer_is_opened_by_the_configuration_beside_it()
    {
        string file = Path.Combine(Golden.Load("module-dit-t2v").Model!, "transformer", "diffusion_pytorch_model.safetensors");
        string copy = _folder.Write(Path.Combine("lone", "a.safetensors"), File.ReadAllBytes(file));

        Assert.Contains("give the number of heads", Assert.Throws<WeightFileException>(() => Checkpoint.Open(copy)).Message, StringComparison.Ordinal);
        Assert.Equal(2, Checkpoint.Open(file).Transformer!.Heads);
    }

    string WithTokenizer(string path, string tokenizer)
    {
        byte[] pieces = File.ReadAllBytes(tokenizer);
        var file = new SafetensorsBuilder().Add("spiece_model", "U8", [pieces.Length], pieces).Add("scaled_fp8", "F8_E4M3", [0], []);
        using var source = SafetensorsFile.Open(path);
        foreach (var tensor in source.Tensors)
        {
            var bytes = new byte[tensor.Bytes];
            source.Read(tensor, 0, bytes);
            file.Add(tensor.Name, tensor.Type.ToSafetensors(), [.. tensor.Shape], bytes);
        }

        return _folder.Write("umt5_fp8_scaled.safetensors", file.ToArray());
    }
}
