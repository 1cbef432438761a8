using System.Buffers.Binary;
using Engine.Kernels;

namespace Engine.Runtime.Benchmarks;

/// <summary>Small weights without a file: values within 1/32 of zero in any stored precision, the same on every machine.</summary>
static class RandomValues
{
    /// <summary>Fills a weight's bytes.</summary>
    public static void Fill(DType type, Span<byte> bytes)
    {
        int size = type.Bits() / 8;
        uint state = 0x9E3779B9;
        for (int at = 0; at + size <= bytes.Length; at += size)
        {
            // xorshift32: quick, and good enough where only the size of the values matters.
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            float value = ((int)state >> 8) / (float)(1 << 28);
            var to = bytes.Slice(at, size);
            switch (type)
            {
                case DType.F32: BinaryPrimitives.WriteSingleLittleEndian(to, value); break;
                case DType.BF16: BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)); break;
                case DType.F16: BinaryPrimitives.WriteHalfLittleEndian(to, (Half)value); break;
                // Sign and a small exponent; the three low exponents of either form hold values of this size.
                default: to[0] = (byte)(((state >> 24) & 0x80) | ((state >> 20) & 0x1F)); break;
            }
        }
    }
}
