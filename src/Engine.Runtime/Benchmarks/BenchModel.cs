using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Text;
using Engine.Model.Transformer;
using Engine.Model.Vae;

namespace Engine.Runtime.Benchmarks;

/// <summary>The sizes of a model that benchmarks run with random weights.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Transformer">Sizes of the transformer.</param>
/// <param name="Vae">Sizes of the VAE.</param>
/// <param name="TextEncoder">Sizes of the text encoder.</param>
/// <param name="Info">Lengths and abilities.</param>
public sealed record BenchModel(string Name, TransformerConfig Transformer, VaeConfig Vae, TextEncoderConfig TextEncoder, ModelInfo Info)
{
    /// <summary>Names that <see cref="Find"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["builtin", "wan2.1-1.3b", "wan2.2-5b", "wan-14b"];

    /// <summary>The model of that name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="builtin">Folder of the built-in model, whose sizes are read from its configuration.</param>
    /// <exception cref="EngineException">There is no such model.</exception>
    public static BenchModel Find(string name, string builtin) => name switch
    {
        "builtin" => FromFolder(name, builtin),
        "wan2.1-1.3b" => new(name, Wan(heads: 12, ffn: 8960, layers: 30, channels: 16), Vae21, Umt5Xxl, new() { Abilities = Abilities.Text }),
        "wan2.2-5b" => new(name, Wan(heads: 24, ffn: 14336, layers: 30, channels: 48), Vae22, Umt5Xxl, new() { Abilities = Abilities.Text, ExpandTimesteps = true }),
        "wan-14b" => new(name, Wan(heads: 40, ffn: 13824, layers: 40, channels: 16), Vae21, Umt5Xxl, new() { Abilities = Abilities.Text }),
        _ => throw new EngineException(ErrorKind.BadRequest, $"model: '{name}' has no benchmark; it takes {string.Join(", ", Names)}."),
    };

    static TextEncoderConfig Umt5Xxl { get; } = new() { DModel = 4096, DFf = 10240, DKv = 64, Heads = 64, Layers = 24, VocabSize = 256384 };

    // Random weights need no true statistics: a latent's mean and scale change no shape and no count.
    static VaeConfig Vae21 { get; } = new()
    {
        BaseDim = 96,
        DecoderBaseDim = 96,
        ZDim = 16,
        LatentsMean = new float[16],
        LatentsStd = [.. Enumerable.Repeat(1f, 16)],
    };

    static VaeConfig Vae22 { get; } = new()
    {
        BaseDim = 160,
        DecoderBaseDim = 256,
        ZDim = 48,
        InChannels = 12,
        OutChannels = 12,
        PatchSize = 2,
        IsResidual = true,
        LatentsMean = new float[48],
        LatentsStd = [.. Enumerable.Repeat(1f, 48)],
    };

    static TransformerConfig Wan(int heads, int ffn, int layers, int channels) => new()
    {
        InChannels = channels,
        OutChannels = channels,
        Heads = heads,
        HeadDim = 128,
        FfnDim = ffn,
        Layers = layers,
        TextDim = 4096,
    };

    static BenchModel FromFolder(string name, string folder)
    {
        var checkpoint = Checkpoint.Open(folder);
        return new(name, checkpoint.Transformer!, checkpoint.Vae!, checkpoint.TextEncoder!, checkpoint.Info);
    }
}
