using Engine.Kernels;
using Engine.Model.Transformer;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Transformer;

public sealed class TransformerConfigTests
{
    static readonly Dictionary<string, TransformerConfig> s_published = new()
    {
        ["diffusers.wan2.1-t2v-1.3b"] = TransformerConfig.Wan21T2V1B3,
        ["diffusers.wan2.1-t2v-14b"] = TransformerConfig.Wan21T2V14B,
        ["diffusers.wan2.1-i2v-14b"] = TransformerConfig.Wan21I2V14B,
        ["diffusers.wan2.1-flf2v-14b"] = TransformerConfig.Wan21Flf2V14B,
        ["diffusers.wan2.1-vace-1.3b"] = TransformerConfig.Wan21Vace1B3,
        ["diffusers.wan2.1-vace-14b"] = TransformerConfig.Wan21Vace14B,
        ["diffusers.wan2.2-t2v-a14b-expert"] = TransformerConfig.Wan22T2VA14B,
        ["diffusers.wan2.2-i2v-a14b-expert"] = TransformerConfig.Wan22I2VA14B,
        ["diffusers.wan2.2-ti2v-5b"] = TransformerConfig.Wan22TI2V5B,
    };

    public static TheoryData<string> Published => [.. s_published.Keys];

    [Theory, MemberData(nameof(Published))]
    public void Expected_tensors_are_those_of_the_checkpoint(string manifest)
    {
        using var device = new DryDevice();
        var store = WeightStore.Recording(device, DType.BF16);
        using var model = WanTransformer.Load(store.Root, s_published[manifest], device);
        var expected = File.ReadLines(Path.Combine(Repository.Goldens, "manifests", manifest + ".tsv")).Where(l => l.Length > 0);
        var got = store.Requested.Select(r => $"{r.Name}\t{string.Join('x', r.Shape.ToArray())}");
        Assert.Equal(expected.Order(StringComparer.Ordinal), got.Order(StringComparer.Ordinal));
    }

    public static TheoryData<string, TransformerConfig> Broken => new()
    {
        { "num_layers", TransformerConfig.Wan21T2V1B3 with { Layers = 0 } },
        { "attention_head_dim", TransformerConfig.Wan21T2V1B3 with { HeadDim = 127 } },
        { "attention_head_dim", TransformerConfig.Wan21T2V1B3 with { HeadDim = 4 } },
        { "freq_dim", TransformerConfig.Wan21T2V1B3 with { FreqDim = 255 } },
        { "patch_size", TransformerConfig.Wan21T2V1B3 with { Patch = (1, 0, 2) } },
        { "eps", TransformerConfig.Wan21T2V1B3 with { Eps = float.NaN } },
        { "added_kv_proj_dim", TransformerConfig.Wan21I2V14B with { AddedKvDim = 1280 } },
        { "added_kv_proj_dim", TransformerConfig.Wan21I2V14B with { AddedKvDim = null } },
        { "pos_embed_seq_len", TransformerConfig.Wan21T2V1B3 with { PosEmbedSeqLen = 514 } },
        { "vace_layers", TransformerConfig.Wan21Vace1B3 with { VaceLayers = [0, 30] } },
        { "vace_layers", TransformerConfig.Wan21Vace1B3 with { VaceLayers = [2, 4] } },
        { "vace_layers", TransformerConfig.Wan21Vace1B3 with { VaceLayers = [0, 4, 2] } },
        { "vace_in_channels", TransformerConfig.Wan21Vace1B3 with { VaceInChannels = 0 } },
        { "num_attention_heads", TransformerConfig.Wan21T2V1B3 with { Heads = 1 << 19 } },
    };

    [Theory, MemberData(nameof(Broken))]
    public void Broken_sizes_are_refused_by_name(string field, TransformerConfig config)
    {
        var error = Assert.Throws<EngineException>(config.Validate);
        Assert.Contains(field, error.Message, StringComparison.Ordinal);
    }
}
