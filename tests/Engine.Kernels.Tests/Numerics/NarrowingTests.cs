using Xunit;

namespace Engine.Kernels.Tests;

public sealed unsafe class NarrowingTests
{
    [Theory]
    [InlineData(DType.BF16)]
    [InlineData(DType.F16)]
    [InlineData(DType.F8E4M3)]
    [InlineData(DType.F8E5M2)]
    public void Every_number_of_a_type_comes_back(DType type)
    {
        int size = type.Bits() / 8;
        for (int pattern = 0; pattern < 1 << type.Bits(); pattern++)
        {
            float value = Widening.Reference(type, (byte*)&pattern, 0);
            var stored = new byte[size];
            Narrowing.Run(type, [value], stored);
            int got = stored[0] | (size > 1 ? stored[1] << 8 : 0);
            if (float.IsNaN(value))
            {
                fixed (byte* bytes = stored)
                {
                    Assert.True(float.IsNaN(Widening.Reference(type, bytes, 0)));
                }
            }
            else if (float.IsFinite(value))
            {
                Assert.Equal(pattern, got);
            }
        }
    }

    [Theory]
    [InlineData(DType.BF16)]
    [InlineData(DType.F16)]
    [InlineData(DType.F8E4M3)]
    [InlineData(DType.F8E5M2)]
    public void Other_values_take_the_nearest_neighbour(DType type)
    {
        int size = type.Bits() / 8;
        var random = new Random(5);
        for (int i = 0; i < 2000; i++)
        {
            float value = (random.NextSingle() - 0.5f) * MathF.ScaleB(1, random.Next(-12, 9));
            var stored = new byte[size];
            Narrowing.Run(type, [value], stored);
            int pattern = stored[0] | (size > 1 ? stored[1] << 8 : 0);
            float distance = Distance(pattern);
            Assert.True(distance <= Distance(pattern + 1) && distance <= Distance(pattern - 1), $"{value:G9} became pattern {pattern:X}");

            float Distance(int at)
            {
                at &= (1 << type.Bits()) - 1;
                float there = Widening.Reference(type, (byte*)&at, 0);
                return float.IsFinite(there) ? MathF.Abs(there - value) : float.PositiveInfinity;
            }
        }
    }

    [Theory]
    [InlineData(DType.F8E4M3, 1e6f, 448f)]
    [InlineData(DType.F8E5M2, -1e6f, -57344f)]
    [InlineData(DType.F16, 1e6f, 65504f)]
    public void What_is_out_of_range_takes_the_largest(DType type, float value, float want)
    {
        var stored = new byte[type.Bits() / 8];
        Narrowing.Run(type, [value], stored);
        fixed (byte* bytes = stored)
        {
            Assert.Equal(want, Widening.Reference(type, bytes, 0));
        }
    }
}
