using Xunit;
using Bias = Engine.Kernels.RelativeBias;

namespace Engine.Kernels.Tests.RelativeBias;

public sealed class RelativeBiasTests
{
    [Theory]
    [InlineData(1, 1, 32, 128)]
    [InlineData(2, 3, 32, 128)]
    [InlineData(7, 2, 32, 64)]
    [InlineData(65, 4, 32, 128)]
    [InlineData(300, 2, 8, 20)]
    public void Every_variant_equals_the_reference(int length, int heads, int buckets, int maxDistance)
    {
        using var device = new CpuDevice(threads: 1);
        using var table = device.NewTensor([buckets, heads]);
        new TorchRandom(3).Normal(table);
        using var want = device.NewTensor([heads, length, length]);
        using var got = device.NewTensor([heads, length, length]);
        Bias.Variants["Reference"](device, table, length, maxDistance, want);
        foreach (var variant in Bias.Variants.Where(v => !v.Name.StartsWith("Gpu", StringComparison.Ordinal)))
        {
            got.Fill(float.NaN);
            variant.Run(device, table, length, maxDistance, got);
            Assert.Equal(want.ToArray(), got.ToArray());
        }
    }

    // transformers' _relative_position_bucket with 32 buckets up to 128.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(-1, 1)]
    [InlineData(1, 17)]
    [InlineData(-7, 7)]
    [InlineData(-8, 8)]
    [InlineData(-15, 9)]
    [InlineData(-16, 10)]
    [InlineData(31, 27)]
    [InlineData(32, 28)]
    [InlineData(-63, 13)]
    [InlineData(-64, 14)]
    [InlineData(127, 31)]
    [InlineData(5000, 31)]
    public void Distances_fall_into_buckets(int offset, int bucket) => Assert.Equal(bucket, Bias.Bucket(offset, 32, 128));

    [Fact]
    public void Counts_on_a_dry_device()
    {
        using var device = new DryDevice();
        using var table = device.NewTensor([32, 4]);
        using var y = device.NewTensor([4, 9, 9]);
        Bias.Run(device, table, 9, 128, y);
        Assert.Equal(1, device.Work["RelativeBias"].Calls);
    }
}
