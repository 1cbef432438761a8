using Engine.Kernels.Tests.Convolutions;
using Xunit;

namespace Engine.Kernels.Tests.Resample;

public sealed class ShortcutTests
{
    // In order: one value per mean, whole fractions, means across frames, groups that do not divide the block.
    [Theory]
    [InlineData(4, 16, 1, 2), InlineData(16, 32, 2, 2), InlineData(6, 4, 2, 2), InlineData(8, 8, 1, 1), InlineData(3, 8, 2, 2), InlineData(12, 12, 2, 1)]
    public void Averaging_matches_reference(int inputs, int outputs, int factorT, int factorS)
    {
        using var device = new CpuDevice(2);
        var want = PlaneBench.Blank(device, 3, 5, outputs, 0);
        var got = PlaneBench.Blank(device, 3, 5, outputs, 0);
        int group = inputs * factorT * factorS * factorS / outputs;
        for (int frame = 0; frame < factorT; frame++)
        {
            var x = PlaneBench.NoisePlane(device, 3 * factorS, 5 * factorS, inputs, border: frame, seed: frame);
            AverageDown.Variants["Reference"](device, x, want, new AverageStep(factorT, factorS, frame, frame > 0, group));
            AverageDown.Run(device, x, got, factorT, factorS, frame, add: frame > 0);
        }

        Assert.InRange(PlaneBench.Error(got, want), 0, 2e-6);
    }

    [Theory]
    [InlineData(16, 4, 1, 2), InlineData(32, 16, 2, 2), InlineData(4, 6, 2, 2), InlineData(8, 8, 1, 1), InlineData(8, 3, 2, 2)]
    public void Repeating_matches_reference(int inputs, int outputs, int factorT, int factorS)
    {
        using var device = new CpuDevice(2);
        var x = PlaneBench.NoisePlane(device, 3, 5, inputs, 1, seed: 1);
        for (int frame = 0; frame < factorT; frame++)
        {
            var want = PlaneBench.Blank(device, 3 * factorS, 5 * factorS, outputs, 0);
            var got = PlaneBench.Blank(device, 3 * factorS, 5 * factorS, outputs, 0);
            RepeatUp.Variants["Reference"](device, x, want, new RepeatStep(factorT, factorS, frame, outputs * factorT * factorS * factorS / inputs));
            RepeatUp.Run(device, x, got, factorT, factorS, frame);
            Assert.Equal(want.Values.ToArray(), got.Values.ToArray());
        }
    }

    [Fact]
    public void Folded_channels_run_over_columns_first_inside_a_patch()
    {
        using var device = new CpuDevice(1);
        var x = new Plane(device.NewTensor([2, 2, 1]));
        x.Values.CopyFrom([10, 11, 20, 21]);
        var folded = new Plane(device.NewTensor([1, 1, 4]));
        PixelPatch.Fold(device, x, folded, 2);
        Assert.Equal([10, 20, 11, 21], folded.Values.ToArray());
        x.Values.Fill(0);
        PixelPatch.Unfold(device, folded, x, 2);
        Assert.Equal([10, 11, 20, 21], x.Values.ToArray());
    }

    [Fact]
    public void Channel_order_turns_round_and_back()
    {
        using var device = new CpuDevice(1);
        var first = PlaneBench.Noise(device, [5, 3, 4], seed: 1);
        var last = PlaneBench.Blank(device, 3, 4, 5, 1);
        PixelPatch.ChannelsLast(device, first, last);
        var back = device.NewTensor([5, 3, 4]);
        PixelPatch.ChannelsFirst(device, last, back);
        Assert.Equal(first.ToArray(), back.ToArray());
        Assert.Equal(first.ToArray()[(2 * 12) + 7], last.Values.ToArray()[(((((1 + 1) * 6) + 3 + 1)) * 5) + 2]);
    }
}
