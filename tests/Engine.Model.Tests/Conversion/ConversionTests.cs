using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Model.Tests.Weights;
using Engine.Model.Transformer;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Conversion;

public sealed class ConversionTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly CpuDevice _device = new();

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    // Error of the transformer's output that the precision of its block matrices leaves.
    [Theory]
    [InlineData(DType.F32, false, 1e-5)]
    [InlineData(DType.F32, true, 1e-5)]
    [InlineData(DType.BF16, true, 0.02)]
    [InlineData(DType.F16, false, 0.003)]
    [InlineData(DType.F16, true, 0.003)]
    [InlineData(DType.Q8_0, true, 0.03)]
    [InlineData(DType.Q5_0, true, 0.2)]
    [InlineData(DType.Q4_1, true, 0.3)]
    [InlineData(DType.F8E4M3, false, 0.2)]
    [InlineData(DType.F8E5M2, false, 0.3)]
    public void A_converted_transformer_runs_as_well_as_its_precision_allows(DType type, bool gguf, double limit)
    {
        var golden = Golden.Load("module-dit-t2v");
        string path = _folder.Convert(new CheckpointPart("transformer", ModelPart.Transformer, TransformerFile(golden)), type, gguf);
        var checkpoint = Checkpoint.Open(path, heads: 2);
        Assert.True(ModelIdentity.Identify(WeightFiles.Open(path).Tensors, 2) is { IsComplete: true, Scheme: NameScheme.Official });
        using var source = checkpoint.OpenTransformer();
        double error = golden.Error("output", Forward(golden, source, checkpoint.Transformer!));
        Assert.InRange(error, type == DType.F32 ? 0 : limit / 100, limit);
    }

    [Fact]
    public void Only_matrices_of_the_blocks_are_quantised()
    {
        string path = _folder.Convert(new CheckpointPart("transformer", ModelPart.Transformer, TransformerFile(Golden.Load("module-dit-t2v"))), DType.Q4_0, gguf: true);
        using var file = GgufFile.Open(path);
        Assert.Equal("wan", file.Fields["general.architecture"]);
        Assert.Equal(DType.Q4_0, file.Find("blocks.0.self_attn.q.weight")!.Type);
        Assert.Equal(DType.Q4_0, file.Find("blocks.2.ffn.2.weight")!.Type);
        Assert.All(file.Tensors.Where(t => !t.Name.StartsWith("blocks.", StringComparison.Ordinal) || !t.Name.EndsWith(".weight", StringComparison.Ordinal) || t.Shape.Count == 1), t => Assert.Equal(DType.F32, t.Type));
        Assert.Equal([64, 16, 1, 2, 2], file.Find("patch_embedding.weight")!.Shape);
    }

    [Theory]
    [InlineData(DType.Q4_K, "ffn.net.2.weight", 512, DType.Q4_K)]
    [InlineData(DType.Q4_K, "ffn.net.2.weight", 160, DType.Q8_0)]
    [InlineData(DType.Q6_K, "ffn.net.2.weight", 40, DType.BF16)]
    public void Rows_that_are_not_whole_blocks_take_smaller_ones(DType asked, string name, long columns, DType want) =>
        Assert.Equal(want, WeightConversion.TypeOf(new TensorInfo($"blocks.0.{name}", DType.BF16, [64, columns], 128 * columns), asked));

    [Fact]
    public void Eight_bit_files_have_a_factor_for_each_matrix_and_say_so()
    {
        string path = _folder.Convert(new CheckpointPart("transformer", ModelPart.Transformer, TransformerFile(Golden.Load("module-dit-t2v"))), DType.F8E4M3, gguf: false);
        using var file = SafetensorsFile.Open(path);
        Assert.Equal(DType.F8E4M3, file.Find("scaled_fp8")!.Type);
        int matrices = file.Tensors.Count(t => t.Type == DType.F8E4M3 && t.Bytes > 0);
        Assert.Equal(30, matrices);
        Assert.Equal(matrices, file.Tensors.Count(t => t.Name.EndsWith(".scale_weight", StringComparison.Ordinal)));
    }

    [Fact]
    public void Text_encoders_in_gguf_have_the_names_that_others_read_and_their_tokenizer_inside()
    {
        var model = Checkpoint.Open(Path.Combine(Repository.Goldens, "models", "wan21-t2v"));
        var part = model.Parts.Single(p => p.Kind == ModelPart.TextEncoder);
        string path = _folder.Convert(part, DType.F16, gguf: true, tokenizer: model.TokenizerPath);
        using (var file = GgufFile.Open(path))
        {
            Assert.NotNull(file.Find("enc.blk.0.attn_q.weight"));
            Assert.NotNull(file.Find("token_embd.weight"));
        }

        Assert.Equal(model.TextEncoder, Checkpoint.Open(path).TextEncoder);
        Assert.Equal(path, TokenizerFile.Near(path));
        var own = TokenizerFile.Load(model.TokenizerPath!);
        var inside = TokenizerFile.Load(path);
        foreach (string text in new[] { "A red ball rolls to the left.", "雪 ﬁn  ２", "" })
        {
            Assert.Equal(own.Encode(text, 64), inside.Encode(text, 64));
        }
    }

    [Fact]
    public void Converted_there_and_back_no_bit_is_lost()
    {
        var golden = Golden.Load("module-dit-t2v");
        string there = _folder.Convert(new CheckpointPart("transformer", ModelPart.Transformer, TransformerFile(golden)), DType.F32, gguf: true);
        string back = _folder.Convert(new CheckpointPart("transformer", ModelPart.Transformer, there), DType.F32, gguf: false, diffusers: true);
        using var first = WeightFiles.Open(TransformerFile(golden));
        using var last = WeightFiles.Open(back);
        Assert.Equal(first.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal), last.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal));
        foreach (var tensor in first.Tensors)
        {
            Assert.Equal(Bytes(first, tensor), Bytes(last, last.Find(tensor.Name)!));
        }
    }

    [Theory]
    [InlineData(DType.Q4_K, false, "Safetensors files hold no Q4_K")]
    [InlineData(DType.F8E4M3, true, "GGUF files hold no F8E4M3")]
    public void What_a_format_does_not_hold_is_refused(DType type, bool gguf, string expected)
    {
        var error = Assert.Throws<EngineException>(() => _folder.Convert(new CheckpointPart("transformer", ModelPart.Transformer, TransformerFile(Golden.Load("module-dit-t2v"))), type, gguf));
        Assert.Equal(ErrorKind.BadRequest, error.Kind);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Factors_of_activations_and_notes_of_the_format_are_passed_over()
    {
        string path = new RandomLora(1)
            .Bytes("a.weight", "F8_E4M3", [1, 2], [0x38, 0x40])
            .Bytes("a.weight_scale", "F32", [], [0, 0, 0, 0x40])
            .Bytes("a.input_scale", "F32", [], [0, 0, 0, 0x40])
            .Bytes("a.comfy_quant", "U8", [2], [0x7b, 0x7d])
            .Write(Path.Combine(_folder.Path, "quant.safetensors"));
        using var source = WeightFiles.Open(path);
        var store = new WeightStore(source, _device);
        using var weight = store.Root["a"].Matrix("weight", 1, 2);
        store.Complete();
        Assert.Equal(2, weight.Scale);
    }

    float[] Forward(Golden golden, IWeightSource source, TransformerConfig config)
    {
        using var model = WanTransformer.Load(source, config, _device);
        return TransformerModels.Forward(model, golden, _device);
    }

    static byte[] Bytes(IWeightSource source, TensorInfo tensor)
    {
        var bytes = new byte[tensor.Bytes];
        source.Read(tensor, 0, bytes);
        return bytes;
    }

    static string TransformerFile(Golden golden) => Path.Combine(golden.Model!, "transformer", "diffusion_pytorch_model.safetensors");
}
