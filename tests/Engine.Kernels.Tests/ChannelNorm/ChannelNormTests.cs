using Engine.Kernels.Tests.Convolutions;
using Xunit;

namespace Engine.Kernels.Tests.ChannelNorms;

public sealed class ChannelNormTests
{
    // 1, 7: remainder only; 16, 64: whole vectors; 65: both; 384: model width.
    [Theory]
    [InlineData(1, true, 0), InlineData(7, true, 1), InlineData(16, false, 0), InlineData(64, true, 1), InlineData(65, true, 0), InlineData(384, false, 1)]
    public void Matches_reference(int channels, bool silu, int border)
    {
        using var device = new CpuDevice(2);
        var x = PlaneBench.NoisePlane(device, 5, 9, channels, border, seed: 1);
        var gamma = PlaneBench.Noise(device, [channels], seed: 2);
        var want = PlaneBench.Blank(device, 5, 9, channels, 1 - border);
        var got = PlaneBench.Blank(device, 5, 9, channels, 1 - border);
        ChannelNorm.Variants["Reference"](device, x, gamma, silu, want);
        ChannelNorm.Run(device, x, gamma, silu, got);
        Assert.InRange(PlaneBench.Error(got, want), 0, 2e-6);
    }

    [Fact]
    public void A_pixel_of_zeros_stays_zero()
    {
        using var device = new CpuDevice(1);
        var x = new Plane(device.NewTensor([1, 1, 8]));
        x.Values.Fill(0);
        ChannelNorm.Run(device, x, PlaneBench.Noise(device, [8], seed: 1), silu: true, x);
        Assert.All(x.Values.ToArray(), v => Assert.Equal(0, v));
    }
}
