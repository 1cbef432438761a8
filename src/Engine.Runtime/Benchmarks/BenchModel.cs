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
/// <param name="TextLength">Tokens of text that the transformer sees.</param>
public sealed record BenchModel(string Name, TransformerConfig Transformer, VaeConfig Vae, TextEncoderConfig TextEncoder, int TextLength)
{
    const int WanTextLength = 512;

    /// <summary>Names that <see cref="Find"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["builtin", "wan2.1-1.3b", "wan2.2-5b", "wan-14b"];

    /// <summary>The model of that name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="builtin">Gives the folder of the built-in model, whose sizes are read from its configuration.</param>
    /// <exception cref="EngineException">There is no such model.</exception>
    public static BenchModel Find(string name, Func<string> builtin) => name switch
    {
        "builtin" => FromFolder(name, builtin()),
        "wan2.1-1.3b" => Wan(name, TransformerConfig.Wan21T2V1B3, KnownModels.Vae21),
        "wan2.2-5b" => Wan(name, TransformerConfig.Wan22TI2V5B, KnownModels.Vae22),
        "wan-14b" => Wan(name, TransformerConfig.Wan21T2V14B, KnownModels.Vae21),
        _ => throw new RequestException("model", $"'{name}' has no benchmark; it takes {string.Join(", ", Names)}."),
    };

    static BenchModel Wan(string name, TransformerConfig transformer, VaeConfig vae) =>
        new(name, transformer, vae, KnownModels.Umt5Xxl, WanTextLength);

    static BenchModel FromFolder(string name, string folder)
    {
        var checkpoint = Checkpoint.Open(folder);
        return new(name, checkpoint.Transformer!, checkpoint.Vae!, checkpoint.TextEncoder!, checkpoint.Info.MaxSequenceLength);
    }
}
