using Xunit;

namespace Engine.Kernels.Tests;

public sealed class RooflineTests
{
    [Fact]
    public void A_device_is_measured_in_plausible_figures()
    {
        foreach (var isa in TestDevices.Isas)
        {
            var roofline = Roofline.Measure(TestDevices.Cpu(isa));
            Assert.InRange(roofline.FlopsPerSecond, 1e8, 1e15);
            Assert.InRange(roofline.BytesPerSecond, 1e7, 1e14);
        }
    }

    [Fact]
    public void Counted_work_takes_the_longer_of_arithmetic_and_traffic()
    {
        using var dry = new DryDevice();
        dry.Skips("Linear", 800, 10);
        dry.Skips("LayerNorm", 1, 300);
        Assert.Equal(1 + 3, new Roofline(1000, 100).Seconds(dry), 9);
    }
}
