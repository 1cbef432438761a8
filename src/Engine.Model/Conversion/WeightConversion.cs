using System.Text.RegularExpressions;
using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Conversion;

/// <summary>Which tensors of a model take another format, and which keep theirs.</summary>
/// <remarks>
/// In quantised and 8-bit formats only the matrices of the blocks change: embeddings of patches, text and time, norms, biases,
/// modulation and the output layer decide the result too much for what they weigh.
/// </remarks>
public static partial class WeightConversion
{
    /// <summary>The type that a tensor takes.</summary>
    /// <param name="tensor">The tensor, under its canonical name.</param>
    /// <param name="type">What was asked for.</param>
    /// <returns>That type; a wider one of the same kind where rows are not whole blocks; or the tensor's own.</returns>
    public static DType TypeOf(TensorInfo tensor, DType type)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (type is DType.F32 || (type is DType.BF16 or DType.F16 && tensor.Shape.Count(extent => extent > 1) >= 2))
        {
            return tensor.Type.IsWeightType() || tensor.Type == DType.F64 ? type : tensor.Type;
        }

        if (type is DType.BF16 or DType.F16)
        {
            return tensor.Type == DType.F64 || tensor.Type.IsBlockType() ? DType.F32 : tensor.Type;
        }

        if (!IsBlockMatrix(tensor))
        {
            return Plain(tensor.Type);
        }

        // Blocks of 256 values first, then of 32, then plain halves.
        foreach (var candidate in new[] { type, DType.Q8_0 })
        {
            if (tensor.Shape[^1] % candidate.Block().Values == 0)
            {
                return candidate;
            }
        }

        return Plain(tensor.Type);
    }

    // What was quantised elsewhere and is not to be here is widened: its own type may not be known to a file's readers.
    static DType Plain(DType type) => type is DType.F8E4M3 or DType.F8E5M2 ? DType.BF16 : type.IsBlockType() || type == DType.F64 ? DType.F32 : type;

    static bool IsBlockMatrix(TensorInfo tensor) =>
        tensor.Shape.Count == 2 && tensor.Shape.All(extent => extent > 1) && BlockMatrix().IsMatch(tensor.Name)
        && !tensor.Name.Contains("relative_attention_bias", StringComparison.Ordinal);

    [GeneratedRegex(@"^(vace_)?blocks\.\d+\..*\.weight$|^encoder\.(block|layers)\.\d+\..*\.weight$", RegexOptions.CultureInvariant)]
    private static partial Regex BlockMatrix();
}
