using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests;

public sealed unsafe class WideningTests
{
    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    [InlineData(DType.F16)]
    [InlineData(DType.F8E4M3)]
    [InlineData(DType.F8E5M2)]
    public void Every_bit_pattern_widens_exactly(DType type)
    {
        int count = type.Bits() == 8 ? 256 : 65536;
        using var memory = new GuardedMemory(TestDevices.Cpu(Isa.Vector128));
        var stored = memory.Block(type.Bytes(count));
        for (int i = 0; i < count; i++)
        {
            switch (type.Bits())
            {
                case 8:
                    stored.Address[i] = (byte)i;
                    break;
                case 16:
                    ((ushort*)stored.Address)[i] = (ushort)i;
                    break;
                default:
                    ((uint*)stored.Address)[i] = (uint)i << 16;
                    break;
            }
        }

        // From an odd place, with a remainder.
        var got = memory.Empty([count - 3]);
        Widening.Run(type, stored.Address, 3, count - 3, got.Pointer);
        for (int i = 0; i < count - 3; i++)
        {
            float want = Widening.Reference(type, stored.Address, i + 3);
            Assert.True(
                float.IsNaN(want) ? float.IsNaN(got.Span[i]) : BitConverter.SingleToInt32Bits(want) == BitConverter.SingleToInt32Bits(got.Span[i]),
                $"pattern {i + 3:X}: expected {want:G9}, got {got.Span[i]:G9}");
        }
    }

    [Theory]
    [InlineData(0x00, 0f)]
    [InlineData(0x01, 0.001953125f)]
    [InlineData(0x07, 0.013671875f)]
    [InlineData(0x08, 0.015625f)]
    [InlineData(0x38, 1f)]
    [InlineData(0xB8, -1f)]
    [InlineData(0x7E, 448f)]
    [InlineData(0xFE, -448f)]
    [InlineData(0x7F, float.NaN)]
    public void F8E4M3_is_read_by_the_book(byte bits, float want) => Assert.Equal(want, Widening.Reference(DType.F8E4M3, &bits, 0));

    [Theory]
    [InlineData(0x3C, 1f)]
    [InlineData(0x7B, 57344f)]
    [InlineData(0x01, 1.52587890625e-05f)]
    [InlineData(0xFC, float.NegativeInfinity)]
    [InlineData(0x7F, float.NaN)]
    public void F8E5M2_is_read_by_the_book(byte bits, float want) => Assert.Equal(want, Widening.Reference(DType.F8E5M2, &bits, 0));
}
