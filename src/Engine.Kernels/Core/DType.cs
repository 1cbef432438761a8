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
        _ => 8,
    };

    /// <summary>Bytes that <paramref name="count"/> values take; a fraction of a byte is an error.</summary>
    /// <exception cref="OverflowException">The product does not fit 63 bits.</exception>
    /// <exception cref="ArgumentException">The values do not fill whole bytes.</exception>
    public static long Bytes(this DType type, long count)
    {
        int bits = type.Bits();
        if (bits >= 8)
        {
            return checked(count * (bits / 8));
        }

        long all = checked(count * bits);
        return all % 8 == 0 ? all / 8 : throw new ArgumentException($"{count} values of {type} do not fill whole bytes.");
    }

    /// <summary>True for types the kernels can multiply by (weights).</summary>
    public static bool IsWeightType(this DType type) =>
        type is DType.F32 or DType.BF16 or DType.F16 or DType.F8E4M3 or DType.F8E5M2;
}
