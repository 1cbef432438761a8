using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>Operations on planes, on an accelerator: their borders stay as they are.</summary>
[Collection("gpu")]
public sealed class GpuPlaneTests
{
    // 1, 7: fewer channels than a team has threads; 65: one more than two rounds; 384: model width.
    [Theory]
    [InlineData("GpuPixelPerTeam", 1, true, 0), InlineData("GpuPixelPerTeam", 65, true, 1), InlineData("GpuPixelPerTeam", 384, false, 1)]
    [InlineData("GpuPixelPerThread", 1, true, 1), InlineData("GpuPixelPerThread", 7, false, 1), InlineData("GpuPixelPerThread", 384, true, 0)]
    public void Channel_norm_matches_reference(string variant, int channels, bool silu, int border)
    {
        using var bench = new GpuBench();
        var x = bench.NoisePlane(5, 9, channels, border, seed: 1);
        x.Values.Span.Slice((int)x.Offset(2, 3), channels).Clear();
        var gamma = bench.Host.Noise([channels], 2);
        var want = bench.BlankPlane(5, 9, channels, 1 - border);
        var got = bench.Send(want);
        ChannelNorm.Variants["Reference"](bench.Cpu, x, gamma, silu, want);
        ChannelNorm.Variants[variant](bench.Gpu, bench.Send(x), bench.Send(gamma), silu, got);
        TensorAssert.Close(want.Values, bench.Receive(got.Values), relative: 2e-6, absolute: 1e-7);
    }

    // In order: one value per mean, whole fractions, means across frames, groups that do not divide the block.
    [Theory]
    [InlineData(4, 16, 1, 2), InlineData(16, 32, 2, 2), InlineData(6, 4, 2, 2), InlineData(8, 8, 1, 1), InlineData(3, 8, 2, 2), InlineData(12, 12, 2, 1)]
    public void Averaging_matches_reference(int inputs, int outputs, int factorT, int factorS)
    {
        using var bench = new GpuBench();
        var want = bench.BlankPlane(3, 25, outputs, 0);
        var got = bench.Send(want);
        int group = inputs * factorT * factorS * factorS / outputs;
        for (int frame = 0; frame < factorT; frame++)
        {
            var x = bench.NoisePlane(3 * factorS, 25 * factorS, inputs, border: frame, seed: frame);
            AverageDown.Variants["Reference"](bench.Cpu, x, want, new AverageStep(factorT, factorS, frame, frame > 0, group));
            AverageDown.Run(bench.Gpu, bench.Send(x), got, factorT, factorS, frame, add: frame > 0);
        }

        TensorAssert.Close(want.Values, bench.Receive(got.Values), relative: 0, absolute: 2e-6);
    }

    [Theory]
    [InlineData(16, 4, 1, 2), InlineData(32, 16, 2, 2), InlineData(4, 6, 2, 2), InlineData(8, 8, 1, 1), InlineData(8, 3, 2, 2)]
    public void Repeating_matches_reference(int inputs, int outputs, int factorT, int factorS)
    {
        using var bench = new GpuBench();
        var x = bench.NoisePlane(3, 25, inputs, 1, seed: 1);
        var sent = bench.Send(x);
        for (int frame = 0; frame < factorT; frame++)
        {
            var want = bench.BlankPlane(3 * factorS, 25 * factorS, outputs, 1);
            var got = bench.Send(want);
            RepeatUp.Variants["Reference"](bench.Cpu, x, want, new RepeatStep(factorT, factorS, frame, outputs * factorT * factorS * factorS / inputs));
            RepeatUp.Run(bench.Gpu, sent, got, factorT, factorS, frame);
            TensorAssert.Same(want.Values, bench.Receive(got.Values));
        }
    }

    [Theory, InlineData(1, 1, 3, 1), InlineData(3, 5, 7, 1), InlineData(4, 3, 3, 2), InlineData(2, 150, 2, 3)]
    public void Patches_of_pixels_move_as_the_reference_does(int height, int width, int channels, int patch)
    {
        using var bench = new GpuBench();
        var pixels = bench.NoisePlane(height * patch, width * patch, channels, border: 1, seed: 1);
        var want = bench.BlankPlane(height, width, channels * patch * patch, border: 0);
        var got = bench.Send(want);
        PixelPatch.Patches["Reference"](bench.Cpu, pixels, want, patch, true);
        PixelPatch.Fold(bench.Gpu, bench.Send(pixels), got, patch);
        TensorAssert.Same(want.Values, bench.Receive(got.Values));

        var back = bench.BlankPlane(height * patch, width * patch, channels, border: 1);
        var gotBack = bench.Send(back);
        PixelPatch.Patches["Reference"](bench.Cpu, back, want, patch, false);
        PixelPatch.Unfold(bench.Gpu, got, gotBack, patch);
        TensorAssert.Same(back.Values, bench.Receive(gotBack.Values));
    }

    [Theory, InlineData(1, 1, 1), InlineData(5, 3, 4), InlineData(3, 2, 300)]
    public void Channel_order_turns_as_the_reference_does(int channels, int height, int width)
    {
        using var bench = new GpuBench();
        var first = bench.Host.Noise([channels, height, width], 1);
        var want = bench.BlankPlane(height, width, channels, border: 1);
        var got = bench.Send(want);
        PixelPatch.Frames["Reference"](bench.Cpu, first, want, true);
        PixelPatch.ChannelsLast(bench.Gpu, bench.Send(first), got);
        TensorAssert.Same(want.Values, bench.Receive(got.Values));

        var back = bench.Empty(first.Shape);
        PixelPatch.ChannelsFirst(bench.Gpu, got, back);
        TensorAssert.Same(first, bench.Receive(back));
    }
}
