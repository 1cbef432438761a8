using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Engine.Kernels;

/// <content>Eight values at a time, exact like the specification.</content>
static unsafe partial class Widening
{
    /// <summary>Widens <paramref name="count"/> values from <paramref name="index"/> on.</summary>
    public static void Run(DType type, byte* values, long index, int count, float* to)
    {
        switch (type)
        {
            case DType.F32:
                Buffer.MemoryCopy((float*)values + index, to, (long)count * sizeof(float), (long)count * sizeof(float));
                break;
            case DType.BF16:
                FromBFloat16((ushort*)values + index, count, to);
                break;
            case DType.F16:
                FromHalf((ushort*)values + index, count, to);
                break;
            case DType.F8E5M2:
                FromE5M2(values + index, count, to);
                break;
            case DType.F8E4M3:
                FromE4M3(values + index, count, to);
                break;
            default:
                BlockFormats.Expand(type, values, index, count, to);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FromBFloat16(ushort* from, int count, float* to)
    {
        int i = 0;
        for (; i <= count - 8; i += 8)
        {
            var bits = Widen(Vector128.Load(from + i));
            Vector256.ShiftLeft(bits, 16).AsSingle().Store(to + i);
        }

        for (; i < count; i++)
        {
            to[i] = BitConverter.Int32BitsToSingle(from[i] << 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FromHalf(ushort* from, int count, float* to)
    {
        int i = 0;
        for (; i <= count - 8; i += 8)
        {
            HalfBits(Widen(Vector128.Load(from + i))).Store(to + i);
        }

        for (; i < count; i++)
        {
            to[i] = (float)BitConverter.UInt16BitsToHalf(from[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FromE5M2(byte* from, int count, float* to)
    {
        int i = 0;
        for (; i <= count - 8; i += 8)
        {
            // The upper byte of a half.
            var bits = Vector128.ShiftLeft(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)(from + i)).AsByte()), 8);
            HalfBits(Widen(bits)).Store(to + i);
        }

        for (; i < count; i++)
        {
            to[i] = (float)BitConverter.UInt16BitsToHalf((ushort)(from[i] << 8));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FromE4M3(byte* from, int count, float* to)
    {
        var magnitudeBits = Vector256.Create(0x7Fu);
        int i = 0;
        for (; i <= count - 8; i += 8)
        {
            var bits = Widen(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)(from + i)).AsByte()));
            var magnitude = bits & magnitudeBits;

            // Exponent and mantissa at the place of f32's; the factor 2^120 moves the bias from 127 to 7, subnormals included.
            var value = Vector256.ShiftLeft(magnitude, 20).AsSingle() * Vector256.Create(1.329227995784916e36f);
            var notANumber = Vector256.Equals(magnitude, magnitudeBits) & Vector256.Create(0x7FC00000u);
            var sign = Vector256.ShiftLeft(bits ^ magnitude, 24);
            (value.AsUInt32() | notANumber | sign).AsSingle().Store(to + i);
        }

        for (; i < count; i++)
        {
            to[i] = FromE4M3(from[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<uint> Widen(Vector128<ushort> bits) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32(bits).AsUInt32()
        : Vector256.Create(Vector128.WidenLower(bits), Vector128.WidenUpper(bits));

    // Exponent and mantissa at the place of f32's; the factor 2^112 moves the bias from 127 to 15, subnormals included.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> HalfBits(Vector256<uint> bits)
    {
        var magnitude = bits & Vector256.Create(0x7FFFu);
        var value = Vector256.ShiftLeft(magnitude, 13).AsSingle() * Vector256.Create(5.192296858534828e33f);
        var special = Vector256.GreaterThan(magnitude, Vector256.Create(0x7BFFu)) & Vector256.Create(0x7F800000u);
        var sign = Vector256.ShiftLeft(bits ^ magnitude, 16);
        return (value.AsUInt32() | special | sign).AsSingle();
    }
}
