using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>Conversion of f32 values to any type that weights are stored in: the nearest value there is.</summary>
/// <remarks>Ties go to the even neighbour; what is out of range takes the largest value, so that no infinity is made of a number.</remarks>
public static class Narrowing
{
    /// <summary>Largest value of <see cref="DType.F8E4M3"/>.</summary>
    public const float LargestE4M3 = 448;

    /// <summary>Largest value of <see cref="DType.F8E5M2"/>.</summary>
    public const float LargestE5M2 = 57344;

    /// <summary>Stores values.</summary>
    /// <param name="type">A weight type; for block types the values are whole blocks.</param>
    /// <param name="values">The values.</param>
    /// <param name="stored">As many bytes as they take.</param>
    /// <exception cref="ArgumentException">Not a weight type, or the lengths do not match.</exception>
    public static void Run(DType type, ReadOnlySpan<float> values, Span<byte> stored)
    {
        if (!type.IsWeightType() || stored.Length != type.Bytes(values.Length))
        {
            throw new ArgumentException($"{values.Length} values of {type} do not take {stored.Length} bytes.");
        }

        switch (type)
        {
            case DType.F32:
                values.CopyTo(MemoryMarshal.Cast<byte, float>(stored));
                break;
            case DType.BF16:
                ToBFloat16(values, MemoryMarshal.Cast<byte, ushort>(stored));
                break;
            case DType.F16:
                ToHalf(values, MemoryMarshal.Cast<byte, Half>(stored));
                break;
            case DType.F8E4M3:
                To8Bits(values, stored, mantissa: 3, bias: 7, LargestE4M3);
                break;
            case DType.F8E5M2:
                To8Bits(values, stored, mantissa: 2, bias: 15, LargestE5M2);
                break;
            default:
                BlockFormats.Shrink(type, values, stored);
                break;
        }
    }

    static void ToBFloat16(ReadOnlySpan<float> values, Span<ushort> stored)
    {
        for (int i = 0; i < values.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(values[i]);
            stored[i] = (ushort)(float.IsNaN(values[i]) ? (bits >> 16) | 64 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
        }
    }

    static void ToHalf(ReadOnlySpan<float> values, Span<Half> stored)
    {
        for (int i = 0; i < values.Length; i++)
        {
            stored[i] = float.IsFinite(values[i]) ? (Half)Math.Clamp(values[i], -65504f, 65504f) : (Half)values[i];
        }
    }

    // A value of the format is an integer times a power of two; the power follows from the value's own exponent.
    static void To8Bits(ReadOnlySpan<float> values, Span<byte> stored, int mantissa, int bias, float largest)
    {
        for (int i = 0; i < values.Length; i++)
        {
            float value = values[i];
            byte sign = (byte)(BitConverter.SingleToUInt32Bits(value) >> 24 & 128);
            if (float.IsNaN(value))
            {
                stored[i] = (byte)(sign | 127);
                continue;
            }

            float magnitude = Math.Min(MathF.Abs(value), largest);
            int exponent = Math.Max((int)(BitConverter.SingleToUInt32Bits(magnitude) >> 23) - 127, 1 - bias);
            int steps = (int)MathF.Round(MathF.ScaleB(magnitude, mantissa - exponent));

            // The implicit one lands in the exponent field by itself, and so does a carry out of the mantissa.
            stored[i] = (byte)(sign | (((exponent + bias - 1) << mantissa) + steps));
        }
    }
}
