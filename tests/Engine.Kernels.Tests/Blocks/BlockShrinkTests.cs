using Xunit;

namespace Engine.Kernels.Tests;

public sealed class BlockShrinkTests
{
    // Error that a format of so many bits leaves on normal values, root mean square over root mean square.
    [Theory]
    [InlineData(DType.Q8_0, 0.006)]
    [InlineData(DType.Q6_K, 0.020)]
    [InlineData(DType.Q5_1, 0.040)]
    [InlineData(DType.Q5_K, 0.040)]
    [InlineData(DType.Q5_0, 0.045)]
    [InlineData(DType.Q4_1, 0.080)]
    [InlineData(DType.Q4_K, 0.072)]
    [InlineData(DType.Q4_0, 0.093)]
    [InlineData(DType.Q3_K, 0.170)]
    [InlineData(DType.Q2_K, 0.330)]
    public void Values_come_back_as_well_as_the_bits_allow(DType type, double limit)
    {
        var values = Normal(8192);
        double error = Error(type, values);
        Assert.InRange(error, limit / 4, limit);
    }

    [Theory]
    [InlineData(DType.Q4_0)]
    [InlineData(DType.Q4_1)]
    [InlineData(DType.Q5_0)]
    [InlineData(DType.Q5_1)]
    [InlineData(DType.Q8_0)]
    [InlineData(DType.Q2_K)]
    [InlineData(DType.Q3_K)]
    [InlineData(DType.Q4_K)]
    [InlineData(DType.Q5_K)]
    [InlineData(DType.Q6_K)]
    public void Zeros_stay_zeros_and_no_value_changes_its_sign(DType type)
    {
        Assert.All(Back(type, new float[512]), v => Assert.Equal(0, v));
        var positive = Array.ConvertAll(Normal(512), v => 0.5f + MathF.Abs(v));
        Assert.All(Back(type, positive), v => Assert.True(v >= 0));
        var negative = Array.ConvertAll(positive, v => -v);
        Assert.All(Back(type, negative), v => Assert.True(v <= 0));
    }

    [Theory]
    [InlineData(DType.Q4_K)]
    [InlineData(DType.Q6_K)]
    [InlineData(DType.Q3_K)]
    public void Sub_blocks_of_different_size_keep_their_own_scale(DType type)
    {
        var values = Normal(256);
        for (int i = 0; i < 256; i++)
        {
            values[i] *= 1 + (i / 32);
        }

        var back = Back(type, values);
        double small = Error(values.AsSpan(0, 32), back.AsSpan(0, 32));
        Assert.InRange(small, 0, type == DType.Q3_K ? 0.35 : 0.15);
    }

    [Fact]
    public void Only_blocks_are_shrunk()
    {
        Assert.Throws<ArgumentException>(() => BlockFormats.Shrink(DType.F16, new float[32], new byte[64]));
        Assert.Throws<ArgumentException>(() => BlockFormats.Shrink(DType.Q8_0, new float[32], new byte[33]));
    }

    static double Error(DType type, float[] values) => Error(values, Back(type, values));

    static double Error(ReadOnlySpan<float> want, ReadOnlySpan<float> got)
    {
        double difference = 0, norm = 0;
        for (int i = 0; i < want.Length; i++)
        {
            difference += Math.Pow(want[i] - got[i], 2);
            norm += Math.Pow(want[i], 2);
        }

        return Math.Sqrt(difference / norm);
    }

    static float[] Back(DType type, float[] values)
    {
        var stored = new byte[type.Bytes(values.Length)];
        BlockFormats.Shrink(type, values, stored);
        var back = new float[values.Length];
        BlockFormats.Expand(type, stored, back);
        return back;
    }

    static float[] Normal(int count)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, count).Select(_ =>
            (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
