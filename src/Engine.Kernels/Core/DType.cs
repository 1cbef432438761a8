namespace Engine.Kernels;

/// <summary>Element types that tensors and weights are stored in.</summary>
public enum DType
{
    /// <summary>IEEE 754 single precision.</summary>
    F32,

    /// <summary>bfloat16: the upper half of an <see cref="F32"/>.</summary>
    BF16,

    /// <summary>IEEE 754 half precision.</summary>
    F16,

    /// <summary>8-bit float, 4 exponent bits, 3 mantissa bits, no infinities ("fn").</summary>
    F8E4M3,

    /// <summary>8-bit float, 5 exponent bits, 2 mantissa bits.</summary>
    F8E5M2,

    /// <summary>IEEE 754 double precision.</summary>
    F64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>One byte per value, 0 or 1.</summary>
    Bool,

    /// <summary>8-bit exponent-only scale.</summary>
    F8E8M0,

    /// <summary>4-bit float, two values per byte.</summary>
    F4,

    /// <summary>6-bit float, 2 exponent bits, 3 mantissa bits; four values in three bytes.</summary>
    F6E2M3,

    /// <summary>6-bit float, 3 exponent bits, 2 mantissa bits; four values in three bytes.</summary>
    F6E3M2,

    /// <summary>Complex of two <see cref="F32"/>.</summary>
    C64,

#pragma warning disable CA1707 // The names of the block formats are GGUF's own.
    /// <summary>Blocks of 32: an f16 scale and 4-bit values, offset by 8.</summary>
    Q4_0,

    /// <summary>Blocks of 32: an f16 scale, an f16 minimum and 4-bit values.</summary>
    Q4_1,

    /// <summary>Blocks of 32: an f16 scale and 5-bit values, offset by 16.</summary>
    Q5_0,

    /// <summary>Blocks of 32: an f16 scale, an f16 minimum and 5-bit values.</summary>
    Q5_1,

    /// <summary>Blocks of 32: an f16 scale and signed 8-bit values.</summary>
    Q8_0,

    /// <summary>Blocks of 256: 2-bit values, 16 sub-blocks with 4-bit scales and minima.</summary>
    Q2_K,

    /// <summary>Blocks of 256: 3-bit values, 16 sub-blocks with 6-bit scales.</summary>
    Q3_K,

    /// <summary>Blocks of 256: 4-bit values, 8 sub-blocks with 6-bit scales and minima.</summary>
    Q4_K,

    /// <summary>Blocks of 256: 5-bit values, 8 sub-blocks with 6-bit scales and minima.</summary>
    Q5_K,

    /// <summary>Blocks of 256: 6-bit values, 16 sub-blocks with 8-bit scales.</summary>
    Q6_K,
#pragma warning restore CA1707
}

/// <summary>Sizes of element types.</summary>
public static class DTypes
{
    /// <summary>Bits that one value takes.</summary>
    public static int Bits(this DType type) => type switch
    {
        DType.F64 or DType.I64 or DType.U64 or DType.C64 => 64,
        DType.F32 or DType.I32 or DType.U32 => 32,
        DType.BF16 or DType.F16 or DType.I16 or DType.U16 => 16,
        DType.F6E2M3 or DType.F6E3M2 => 6,
        DType.F4 => 4,
        _ when type.IsBlockType() => throw new ArgumentException($"{type} is stored in blocks; see {nameof(Block)}.", nameof(type)),
        _ => 8,
    };

    /// <summary>The smallest group of values that is stored as whole bytes: how many values, and their bytes.</summary>
    public static (int Values, int Bytes) Block(this DType type) => type switch
    {
        DType.Q4_0 => (32, 18),
        DType.Q4_1 => (32, 20),
        DType.Q5_0 => (32, 22),
        DType.Q5_1 => (32, 24),
        DType.Q8_0 => (32, 34),
        DType.Q2_K => (256, 84),
        DType.Q3_K => (256, 110),
        DType.Q4_K => (256, 144),
        DType.Q5_K => (256, 176),
        DType.Q6_K => (256, 210),
        DType.F4 => (2, 1),
        DType.F6E2M3 or DType.F6E3M2 => (4, 3),
        _ => (1, type.Bits() / 8),
    };

    /// <summary>True for GGUF's quantised formats, whose values come in blocks with scales of their own.</summary>
    public static bool IsBlockType(this DType type) => type >= DType.Q4_0;

    /// <summary>Bytes that <paramref name="count"/> values take; a fraction of a byte is an error.</summary>
    /// <exception cref="OverflowException">The product does not fit 63 bits.</exception>
    /// <exception cref="ArgumentException">The values do not fill whole bytes.</exception>
    public static long Bytes(this DType type, long count)
    {
        var (values, bytes) = type.Block();
        return count % values == 0
            ? checked(count / values * bytes)
            : throw new ArgumentException($"{count} values of {type} do not fill whole {(type.IsBlockType() ? "blocks" : "bytes")}.");
    }

    /// <summary>True for types the kernels can multiply by (weights).</summary>
    public static bool IsWeightType(this DType type) =>
        type is DType.F32 or DType.BF16 or DType.F16 or DType.F8E4M3 or DType.F8E5M2 || type.IsBlockType();
}
