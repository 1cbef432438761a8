namespace Engine.Kernels;

/// <summary>Exact conversion of stored weights to f32: the specification one value at a time, and vector forms of it.</summary>
static unsafe partial class Widening
{
    /// <summary>Value <paramref name="index"/> of an array of <paramref name="type"/>.</summary>
    public static float Reference(DType type, byte* values, long index) => type switch
    {
        DType.F32 => ((float*)values)[index],
        DType.BF16 => BitConverter.Int32BitsToSingle(((ushort*)values)[index] << 16),
        DType.F16 => (float)((Half*)values)[index],
        DType.F8E4M3 => FromE4M3(values[index]),
        DType.F8E5M2 => (float)BitConverter.UInt16BitsToHalf((ushort)(values[index] << 8)),
        _ => BlockFormats.Reference(type, values, index),
    };

    // 1 sign, 4 exponent (bias 7), 3 mantissa bits; all ones is NaN, and there are no infinities.
    static float FromE4M3(byte bits)
    {
        int exponent = (bits >> 3) & 15;
        int mantissa = bits & 7;
        float magnitude = (bits & 0x7F) == 0x7F ? float.NaN
            : exponent == 0 ? MathF.ScaleB(mantissa, -9)
            : MathF.ScaleB(8 + mantissa, exponent - 10);
        return (bits & 0x80) != 0 ? -magnitude : magnitude;
    }
}
