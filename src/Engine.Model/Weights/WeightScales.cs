using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>The factors that come with 8-bit weights: one value for each matrix, in a tensor beside it.</summary>
/// <remarks>
/// ComfyUI calls it <c>X.scale_weight</c>, diffusers <c>X.weight_scale</c>. Without it the weights are off by orders of magnitude.
/// Some files also have factors for 8-bit activations, which the engine does not round, and a note of the format.
/// </remarks>
static class WeightScales
{
    const string WeightSuffix = ".weight";

    static readonly string[] s_suffixes = [".scale_weight", ".weight_scale"];

    static readonly string[] s_unused = [".scale_input", ".input_scale", ".comfy_quant"];

    /// <summary>True for a tensor that belongs to a matrix beside it: its factor, or what else comes with 8-bit matrices.</summary>
    public static bool IsCompanion(string name) =>
        s_suffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal)) || s_unused.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal));

    /// <summary>Names that may stand beside a matrix and have no use here.</summary>
    public static IEnumerable<string> Unused(string weight) => weight.EndsWith(WeightSuffix, StringComparison.Ordinal)
        ? s_unused.Select(suffix => weight[..^WeightSuffix.Length] + suffix)
        : [];

    /// <summary>Every name that may stand beside a matrix.</summary>
    public static IEnumerable<string> Companions(string weight) => weight.EndsWith(WeightSuffix, StringComparison.Ordinal)
        ? s_suffixes.Concat(s_unused).Select(suffix => weight[..^WeightSuffix.Length] + suffix)
        : [];

    /// <summary>The factor of a weight, or null when it has none.</summary>
    public static TensorInfo? Find(IWeightSource source, TensorInfo weight)
    {
        if (weight.Type is not (DType.F8E4M3 or DType.F8E5M2) || !weight.Name.EndsWith(WeightSuffix, StringComparison.Ordinal))
        {
            return null;
        }

        string stem = weight.Name[..^WeightSuffix.Length];
        return s_suffixes.Select(suffix => source.Find(stem + suffix)).FirstOrDefault(scale => scale is not null);
    }

    /// <summary>True when it is one float.</summary>
    public static bool IsOneValue(TensorInfo scale) => scale.Shape.All(extent => extent == 1) && scale.Type is (DType.F32 or DType.BF16 or DType.F16);
}
