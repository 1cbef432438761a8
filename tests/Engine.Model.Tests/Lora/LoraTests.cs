using Engine.Kernels;
using Engine.Model.Lora;
using Engine.Model.Tests.Weights;
using Engine.Model.Transformer;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Lora;

public sealed class LoraTests : IDisposable
{
    const string Case = "lora-original";
    readonly TemporaryFolder _folder = new();
    readonly CpuDevice _device = new();

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    public static TheoryData<string, LoraMode, bool> Cases()
    {
        var data = new TheoryData<string, LoraMode, bool>();
        foreach (string name in Golden.Cases("lora-"))
        {
            data.Add(name, LoraMode.Merge, false);
            data.Add(name, LoraMode.Apart, false);
            data.Add(name, LoraMode.Auto, true);
        }

        return data;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Every_key_style_gives_the_reference_result_in_every_mode(string name, LoraMode mode, bool streamed)
    {
        var golden = Golden.Load(name);
        LoraSpec[] specs =
        [
            .. golden.Case.GetProperty("lora").EnumerateArray().Select(lora => new LoraSpec(
                Path.Combine(Repository.Goldens, lora.GetProperty("file").GetString()!), lora.GetProperty("strength").GetSingle())),
        ];
        float[] got = Forward(golden, specs, mode, streamed);
        Assert.InRange(golden.Error("output", got), 0, golden.Tolerance / 20);
        Assert.True(golden.Error("output", Forward(golden, [])) > 0.01, "the LoRA changes nothing that is compared");
        Assert.Equal(0, _device.Allocated);
    }

    [Fact]
    public void Strength_0_leaves_every_bit()
    {
        var golden = Golden.Load(Case);
        var spec = new LoraSpec(Path.Combine(Repository.Goldens, "models/loras/original-diffb.safetensors"), 0);
        Assert.Equal(Forward(golden, []), Forward(golden, [spec], LoraMode.Merge));
        Assert.Equal(Forward(golden, []), Forward(golden, [spec], LoraMode.Apart));
    }

    [Theory]
    [InlineData("I64", new byte[] { 2, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData("I32", new byte[] { 2, 0, 0, 0 })]
    [InlineData("F32", new byte[] { 0, 0, 0, 0x40 })]
    [InlineData("F16", new byte[] { 0, 0x40 })]
    [InlineData("BF16", new byte[] { 0, 0x40 })]
    [InlineData("F64", new byte[] { 0, 0, 0, 0, 0, 0, 0, 0x40 })]
    public void Alpha_counts_in_any_type(string type, byte[] two)
    {
        string with = Layer(1).Bytes("diffusion_model.blocks.1.ffn.0.alpha", type, [], two).Write(At("alpha.safetensors"));
        string without = Layer(1).Write(At("plain.safetensors"));

        // Alpha 2 of rank 4 is half the strength.
        var golden = Golden.Load(Case);
        Assert.Equal(Forward(golden, [new LoraSpec(without, 0.5f)]), Forward(golden, [new LoraSpec(with)]));
    }

    [Fact]
    public void Settings_in_the_header_count_where_there_is_no_alpha()
    {
        string plain = Layer(1).Write(At("plain.safetensors"));
        string with = Layer(1).Write(At("header.safetensors"), ("lora_adapter_metadata", """{"transformer.r": 4, "transformer.lora_alpha": 8}"""));
        var golden = Golden.Load(Case);
        Assert.Equal(Forward(golden, [new LoraSpec(plain, 2)]), Forward(golden, [new LoraSpec(with)]));
    }

    [Fact]
    public void What_fits_nothing_is_listed_and_refused_unless_allowed()
    {
        string path = Layer(1)
            .Layer("diffusion_model.blocks.7.ffn.0", 160, 64, 4)
            .Floats("diffusion_model.blocks.0.ffn.0.hada_w1_a", [4, 4], 1)
            .Floats("diffusion_model.blocks.0.self_attn.q.diff_b", [65], 1)
            .Write(At("odd.safetensors"));
        var config = Config();
        var error = Assert.Throws<WeightFileException>(() => LoraSet.Open([new LoraSpec(path)], config, second: false, LoraMode.Auto, allowUnmatched: false));
        Assert.Contains("4 tensors of this LoRA fit nothing in the transformer (1 do)", error.Message, StringComparison.Ordinal);
        Assert.Contains("blocks.7.ffn.0.lora_up.weight (the transformer has no such layer)", error.Message, StringComparison.Ordinal);
        Assert.Contains("hada_w1_a (of no kind that is applied)", error.Message, StringComparison.Ordinal);
        Assert.Contains("diff_b ([65] where blocks.0.attn1.to_q.bias is [64])", error.Message, StringComparison.Ordinal);

        using var set = LoraSet.Open([new LoraSpec(path)], config, second: false, LoraMode.Auto, allowUnmatched: true);
        Assert.Equal((1, 4), (set.Files[0].Matched, set.Files[0].Unmatched.Count));
    }

    [Fact]
    public void A_lora_of_another_size_is_refused_even_where_unmatched_is_allowed()
    {
        string path = new RandomLora(1).Layer("diffusion_model.blocks.0.ffn.0", 320, 128, 4).Write(At("large.safetensors"));
        var error = Assert.Throws<WeightFileException>(() => LoraSet.Open([new LoraSpec(path)], Config(), second: false, LoraMode.Auto, allowUnmatched: true));
        Assert.Contains("made for another model", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_norms_and_convolutions_change_by_differences()
    {
        string path = new RandomLora(2)
            .Floats("diffusion_model.blocks.0.diff_m", [1, 6, 64], 0.1f)
            .Floats("diffusion_model.blocks.0.norm3.diff", [64], 0.1f)
            .Floats("diffusion_model.blocks.1.self_attn.norm_q.diff", [64], 0.1f)
            .Floats("diffusion_model.head.diff_m", [1, 2, 64], 0.1f)
            .Floats("diffusion_model.patch_embedding.diff", [64, 16, 1, 2, 2], 0.1f)
            .Floats("lora_unet_time_projection_1.lora_down.weight", [4, 64], 0.1f)
            .Floats("lora_unet_time_projection_1.lora_up.weight", [384, 4], 0.1f)
            .Write(At("differences.safetensors"));
        var golden = Golden.Load(Case);
        float[] merged = Forward(golden, [new LoraSpec(path)], LoraMode.Merge);
        float[] apart = Forward(golden, [new LoraSpec(path)], LoraMode.Apart);
        Assert.True(Golden.RelativeError(merged, Forward(golden, [])) > 0.01);
        Assert.InRange(Golden.RelativeError(apart, merged), 0, 1e-5);
    }

    [Fact]
    public void Parts_for_the_second_transformer_are_told_by_their_prefix()
    {
        string path = new RandomLora(3)
            .Layer("transformer.blocks.0.attn1.to_q", 64, 64, 4, down: ".lora_A.weight", up: ".lora_B.weight")
            .Layer("transformer_2.blocks.1.attn1.to_q", 64, 64, 4, down: ".lora_A.weight", up: ".lora_B.weight")
            .Write(At("both.safetensors"));
        using var high = LoraSet.Open([new LoraSpec(path)], Config(), second: false, LoraMode.Auto, allowUnmatched: false);
        using var low = LoraSet.Open([new LoraSpec(path)], Config(), second: true, LoraMode.Auto, allowUnmatched: false);
        Assert.Equal(["blocks.0.attn1.to_q.weight"], ((IWeightChanges)high).Names);
        Assert.Equal(["blocks.1.attn1.to_q.weight"], ((IWeightChanges)low).Names);
    }

    [Theory]
    [InlineData(DType.BF16, true, 0.004)]
    [InlineData(DType.F8E4M3, false, 0.05)]
    [InlineData(DType.Q8_0, false, 0.01)]
    [InlineData(DType.Q4_0, false, 0.12)]
    public void Quantised_weights_keep_loras_apart_unless_told_to_merge(DType type, bool merges, double rounding)
    {
        string path = Layer(1).Write(At("layer.safetensors"));
        using var set = LoraSet.Open([new LoraSpec(path, 3)], Config(), second: false, LoraMode.Auto, allowUnmatched: false);
        Assert.Equal(merges, ((IWeightChanges)set).Merges(type, streamed: false));
        Assert.False(((IWeightChanges)set).Merges(type, streamed: true));

        // In the stored precision: as the sum is, rounded once.
        const string Name = "blocks.1.ffn.net.0.proj.weight";
        using var source = TransformerModels.Open(Path.Combine(Golden.Load(Case).Model!, "transformer"));
        using var narrow = new NarrowSource(source, Name, type);
        float[] plain = Read(narrow, null, Name);
        float[] merged = Read(narrow, LoraSet.Open([new LoraSpec(path, 3)], Config(), second: false, LoraMode.Merge, allowUnmatched: false), Name);
        float[] want = Read(source, LoraSet.Open([new LoraSpec(path, 3)], Config(), second: false, LoraMode.Merge, allowUnmatched: false), Name);
        Assert.True(Golden.RelativeError(plain, want) > 0.2);
        Assert.InRange(Golden.RelativeError(merged, want), 1e-5, rounding * 1.5);
    }

    float[] Read(IWeightSource source, LoraSet? loras, string name)
    {
        using (loras)
        {
            var tensor = source.Find(name)!;
            var store = new WeightStore(source, _device, loras);
            using var weight = store.Root.Matrix(name, (int)tensor.Shape[0], (int)tensor.Shape[1]);
            using var identity = _device.NewTensor([weight.Columns, weight.Columns]);
            identity.Fill(0);
            for (int i = 0; i < weight.Columns; i++)
            {
                identity.Span[(i * weight.Columns) + i] = 1;
            }

            using var scratch = new Workspace(_device);
            using var values = _device.NewTensor([weight.Columns, weight.Rows]);
            Linear.Run(_device, identity, weight, default, values, scratch);
            return values.ToArray();
        }
    }

    float[] Forward(Golden golden, LoraSpec[] specs, LoraMode mode = LoraMode.Merge, bool streamed = false)
    {
        string folder = Path.Combine(golden.Model!, "transformer");
        var config = TransformerModels.Config(folder);
        var loras = specs.Length == 0 ? null : LoraSet.Open(specs, config, second: false, mode, allowUnmatched: false);
        using var source = TransformerModels.Open(folder);
        using var model = streamed ? WanTransformer.LoadStreamed(TransformerModels.Open(folder), config, _device, loras) : WanTransformer.Load(source, config, _device, loras);
        if (!streamed)
        {
            loras?.Dispose();
        }

        return TransformerModels.Forward(model, golden, _device);
    }

    static RandomLora Layer(int seed) => new RandomLora(seed).Layer("diffusion_model.blocks.1.ffn.0", 160, 64, 4);

    static TransformerConfig Config() => TransformerModels.Config(Path.Combine(Golden.Load(Case).Model!, "transformer"));

    string At(string name) => Path.Combine(_folder.Path, name);

    /// <summary>Another source with one matrix in another type.</summary>
    sealed class NarrowSource : IWeightSource
    {
        readonly TensorInfo _tensor;
        readonly byte[] _bytes;

        public NarrowSource(IWeightSource inner, string name, DType type)
        {
            var wide = inner.Find(name)!;
            var bytes = new byte[wide.Bytes];
            inner.Read(wide, 0, bytes);
            var values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes);
            _tensor = new TensorInfo(name, type, wide.Shape, type.Bytes(values.Length));
            _bytes = new byte[_tensor.Bytes];
            Narrowing.Run(type, values, _bytes);
        }

        public string Path => "memory";

        public IReadOnlyCollection<TensorInfo> Tensors => [_tensor];

        public TensorInfo? Find(string name) => name == _tensor.Name ? _tensor : null;

        public void Read(TensorInfo tensor, long offset, Span<byte> destination) => _bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);

        public void Dispose()
        {
        }
    }
}
