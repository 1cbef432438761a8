using System.Runtime.InteropServices;
using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Runtime.Benchmarks;

/// <summary>Small weights without a file: values within 1/32 of zero in any stored precision, the same on every machine.</summary>
static class RandomValues
{
    // Standard deviation of uniform values within 1/32 of zero.
    const float BlockDeviation = 1 / 55f;

    /// <summary>Fills a weight's bytes.</summary>
    /// <param name="type">Stored type.</param>
    /// <param name="bytes">Whole values.</param>
    /// <param name="seed">Where in the sequence to begin.</param>
    public static void Fill(DType type, Span<byte> bytes, uint seed = 0)
    {
        uint state = 0x9E3779B9 ^ (seed * 2654435761u) | 1;
        switch (type)
        {
            case DType.F32:
                foreach (ref float v in MemoryMarshal.Cast<byte, float>(bytes))
                {
                    v = Value(Next(ref state));
                }

                break;
            case DType.BF16:
                foreach (ref ushort v in MemoryMarshal.Cast<byte, ushort>(bytes))
                {
                    v = (ushort)(BitConverter.SingleToUInt32Bits(Value(Next(ref state))) >> 16);
                }

                break;
            case DType.F16:
                foreach (ref var v in MemoryMarshal.Cast<byte, Half>(bytes))
                {
                    v = (Half)Value(Next(ref state));
                }

                break;
            case DType.Q8_0 or DType.Q4_K:
                RandomBlocks.Fill(type, bytes, BlockDeviation, seed);
                break;
            default:
                // Sign, a small exponent and the mantissa: both 8-bit forms hold values of this size.
                foreach (ref byte v in bytes)
                {
                    uint bits = Next(ref state);
                    v = (byte)(((bits >> 24) & 0x80) | ((bits >> 20) & 0x0F) | 0x10);
                }

                break;
        }
    }

    static float Value(uint bits) => ((int)bits >> 8) / (float)(1 << 28);

    // xorshift32: quick, and good enough where only the size of the values matters.
    static uint Next(ref uint state)
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state;
    }
}
