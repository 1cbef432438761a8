namespace Engine.Model.Weights;

/// <summary>Checks what callers ask of a source.</summary>
static class WeightRange
{
    /// <summary>The bytes asked for must lie inside the tensor.</summary>
    public static void Check(TensorInfo tensor, long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, tensor.Bytes - length);
    }
}
