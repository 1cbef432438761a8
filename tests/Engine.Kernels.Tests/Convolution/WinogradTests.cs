using Xunit;

namespace Engine.Kernels.Tests.Convolutions;

public sealed class WinogradTests(ITestOutputHelper log)
{
    // Planes smaller than a tile, exact multiples, one over; more tiles than a large block has; channels of one and several blocks;
    // outputs that fill several groups, a panel, a vector, or neither.
    static readonly (int H, int W, int C, int N)[] s_sizes =
    [
        (1, 1, 16, 16), (3, 2, 16, 48), (8, 8, 32, 16), (5, 9, 48, 32), (9, 6, 128, 32), (85, 83, 16, 16), (6, 7, 32, 3), (7, 6, 16, 12),
        (5, 5, 16, 27), (6, 5, 16, 112), (4, 7, 208, 16),
    ];

    public static TheoryData<Isa, WinogradForm, int, int, int, int> Cases => All(WinogradForm.Two, WinogradForm.Four, WinogradForm.FourPair);

    public static TheoryData<Isa, WinogradForm, int, int, int, int> DoubleCases => All(WinogradForm.Shared);

    public static TheoryData<Isa> Isas => [.. PlaneBench.Isas];

    [Theory, MemberData(nameof(Cases))]
    public void Matches_the_plain_reference(Isa isa, WinogradForm form, int height, int width, int inputs, int outputs)
    {
        using var device = new CpuDevice(2, isa);
        using var scratch = new Workspace(device);
        var (plain, transformed) = Weights(device, inputs, outputs, form);
        double worst = 0;
        for (int frames = 1; frames <= 3; frames++)
        {
            worst = Math.Max(worst, Single(device, scratch, plain, transformed, height, width, frames));
        }

        log.WriteLine($"worst error {worst:e2}");
        Assert.InRange(worst, 0, 1e-5);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Two_frames_at_a_time_match_the_plain_reference(Isa isa, WinogradForm form, int height, int width, int inputs, int outputs)
    {
        using var device = new CpuDevice(2, isa);
        using var scratch = new Workspace(device);
        var (plain, transformed) = Weights(device, inputs, outputs, form);
        double worst = 0;
        for (int frames = 1; frames <= 3; frames++)
        {
            worst = Math.Max(worst, Pair(device, scratch, plain, transformed, height, width, frames));
        }

        log.WriteLine($"worst error {worst:e2}");
        Assert.InRange(worst, 0, 1e-5);
    }

    [Theory, MemberData(nameof(DoubleCases))]
    public void Enlarging_matches_the_plain_reference(Isa isa, WinogradForm form, int height, int width, int inputs, int outputs)
    {
        using var device = new CpuDevice(2, isa);
        using var scratch = new Workspace(device);
        var (plain, transformed) = Weights(device, inputs, outputs, form);
        double worst = Single(device, scratch, plain, transformed, height, width, frames: 1);
        log.WriteLine($"worst error {worst:e2}");
        Assert.InRange(worst, 0, 5e-6);
    }

    // The size from which on the weights are transformed for each call.
    [Theory, MemberData(nameof(Isas))]
    public void Weights_transformed_for_each_call_match_the_plain_reference(Isa isa)
    {
        using var device = new CpuDevice(2, isa);
        using var scratch = new Workspace(device);
        var (plain, transformed) = Weights(device, 96, 112, WinogradForm.FourPair);
        Assert.True(transformed.TransformsEachCall);
        Assert.Equal(plain.Bytes, transformed.Bytes);
        double worst = Math.Max(
            Single(device, scratch, plain, transformed, 5, 4, frames: 2),
            Pair(device, scratch, plain, transformed, 5, 4, frames: 3));
        log.WriteLine($"worst error {worst:e2}");
        Assert.InRange(worst, 0, 1e-5);
    }

    // Edges, one frame and two, with and without the oldest frame; and the same values unpacked give the same bits.
    [Theory, MemberData(nameof(Isas))]
    public void Packed_frames_are_read_as_their_rounded_values(Isa isa)
    {
        using var device = new CpuDevice(2, isa);
        using var scratch = new Workspace(device);
        var (_, weight) = Weights(device, 48, 32, WinogradForm.FourPair);
        var planes = Enumerable.Range(0, 4).Select(i => PlaneBench.NoisePlane(device, 9, 7, 48, 1, seed: i)).ToArray();
        var packed = new Plane[2];
        for (int i = 0; i < 2; i++)
        {
            packed[i] = new Plane(device.NewTensor(PlanePacking.ShapeOf(9, 7, 48, 1)), 1, packed: true);
            packed[i].Values.Fill(0);
            PlanePacking.Run(device, planes[i], packed[i]);
            foreach (ref float value in planes[i].Values.Span)
            {
                Assert.InRange(PlanePacking.Rounded(value) - value, -Math.Abs(value) / 65536, Math.Abs(value) / 65536);
                value = PlanePacking.Rounded(value);
            }
        }

        for (int frames = 2; frames <= 3; frames++)
        {
            var want = Results(new ConvInput(planes[2], planes[1], frames == 3 ? planes[0] : default));
            var got = Results(new ConvInput(planes[2], packed[1], frames == 3 ? packed[0] : default));
            Assert.Equal(want, got);
        }

        var (plain, _) = Weights(device, 48, 32, WinogradForm.FourPair);
        Assert.Throws<ArgumentException>(() => Convolution.Run(device, new ConvInput(planes[2], packed[1]), plain, PlaneBench.Blank(device, 9, 7, 32, 0), scratch));
        Assert.Throws<ArgumentException>(() => PlanePacking.Run(device, planes[0], planes[1]));

        float[] Results(ConvInput x)
        {
            var y = Enumerable.Range(0, 3).Select(_ => PlaneBench.Blank(device, 9, 7, 32, 0)).ToArray();
            Convolution.Run(device, x, weight, y[0], scratch);
            Convolution.RunPair(device, x, planes[3], weight, new ConvOutput(y[1]), new ConvOutput(y[2]), scratch);
            return [.. y.SelectMany(plane => plane.Values.ToArray())];
        }
    }

    [Theory, InlineData(WinogradForm.Two), InlineData(WinogradForm.Four), InlineData(WinogradForm.FourPair), InlineData(WinogradForm.Shared)]
    public void Same_bits_for_any_number_of_threads(WinogradForm form)
    {
        float[]? first = null;
        foreach (int threads in (int[])[1, 2, 4])
        {
            using var device = new CpuDevice(threads);
            using var scratch = new Workspace(device);
            var kind = Kind(form);
            var x = PlaneBench.NoisePlane(device, 34, 61, 32, 1, seed: 3);
            var y = PlaneBench.Blank(device, kind.OutputExtent(34), kind.OutputExtent(61), 32, 0);
            var z = PlaneBench.Blank(device, kind.OutputExtent(34), kind.OutputExtent(61), 32, 0);
            var weight = Weights(device, 32, 32, form).Transformed;
            if (kind == ConvKind.Causal)
            {
                Convolution.RunPair(device, new ConvInput(x, x), x, weight, new ConvOutput(y), new ConvOutput(z), scratch);
            }
            else
            {
                Convolution.Run(device, new ConvInput(x), weight, y, scratch);
            }

            float[] got = [.. y.Values.ToArray(), .. z.Values.ToArray()];
            Assert.Equal(first ??= got, got);
        }
    }

    [Fact]
    public void Forms_that_do_not_exist_are_refused()
    {
        using var device = new CpuDevice(1);
        var stored = PlaneBench.NoiseWeight(device, 16, 12 * 27, seed: 7);
        Assert.Throws<ArgumentException>(() => ConvWeight.Pack(device, stored, default, ConvKind.Causal, form: WinogradForm.Four));
        stored = PlaneBench.NoiseWeight(device, 16, 16 * 27, seed: 7);
        Assert.Throws<ArgumentException>(() => ConvWeight.Pack(device, stored, default, ConvKind.Causal, form: WinogradForm.Shared));
    }

    static double Single(Device device, Workspace scratch, ConvWeight plain, ConvWeight transformed, int height, int width, int frames)
    {
        var kind = plain.Kind;
        var planes = Enumerable.Range(0, 3).Select(i => PlaneBench.NoisePlane(device, height, width, plain.Inputs, 1, seed: i)).ToArray();
        var x = new ConvInput(planes[0], frames > 1 ? planes[1] : default, frames > 2 ? planes[2] : default);
        var (h, w) = (kind.OutputExtent(height), kind.OutputExtent(width));
        var want = PlaneBench.Blank(device, h, w, plain.Outputs, border: 1);
        var got = PlaneBench.Blank(device, h, w, plain.Outputs, border: 1);
        var extra = frames == 2 ? default : PlaneBench.NoisePlane(device, h, w, plain.Outputs, 0, seed: 9);
        Convolution.Variants["Reference"](device, new ConvCall(x, plain, want, extra, scratch));
        Convolution.Run(device, x, transformed, got, scratch, extra);
        return PlaneBench.Error(got, want);
    }

    static double Pair(Device device, Workspace scratch, ConvWeight plain, ConvWeight transformed, int height, int width, int frames)
    {
        var planes = Enumerable.Range(0, 4).Select(i => PlaneBench.NoisePlane(device, height, width, plain.Inputs, 1, seed: i)).ToArray();
        var x = new ConvInput(planes[0], frames > 1 ? planes[1] : default, frames > 2 ? planes[2] : default);
        var residual = PlaneBench.NoisePlane(device, height, width, plain.Outputs, 0, seed: 9);
        var (first, second) = (frames == 2 ? default : residual, frames == 1 ? default : residual);
        var want = new Plane[2];
        var got = new Plane[2];
        for (int i = 0; i < 2; i++)
        {
            want[i] = PlaneBench.Blank(device, height, width, plain.Outputs, border: 1);
            got[i] = PlaneBench.Blank(device, height, width, plain.Outputs, border: 1);
        }

        Convolution.Variants["Reference"](device, new ConvCall(x, plain, want[0], first, scratch));
        Convolution.Variants["Reference"](device, new ConvCall(new ConvInput(planes[3], x.Current, x.Previous), plain, want[1], second, scratch));
        Convolution.RunPair(device, x, planes[3], transformed, new ConvOutput(got[0], first), new ConvOutput(got[1], second), scratch);
        return Math.Max(PlaneBench.Error(got[0], want[0]), PlaneBench.Error(got[1], want[1]));
    }

    static TheoryData<Isa, WinogradForm, int, int, int, int> All(params WinogradForm[] forms)
    {
        var cases = new TheoryData<Isa, WinogradForm, int, int, int, int>();
        foreach (var isa in PlaneBench.Isas)
        {
            foreach (var form in forms)
            {
                foreach (var (h, w, c, n) in s_sizes)
                {
                    cases.Add(isa, form, h, w, c, n);
                }
            }
        }

        return cases;
    }

    static ConvKind Kind(WinogradForm form) => form == WinogradForm.Shared ? ConvKind.Double : ConvKind.Causal;

    static (ConvWeight Plain, ConvWeight Transformed) Weights(Device device, int inputs, int outputs, WinogradForm form)
    {
        var kind = Kind(form);
        var stored = PlaneBench.NoiseWeight(device, outputs, inputs * kind.Frames() * kind.PlaneTaps(), seed: 7);
        var bias = PlaneBench.Noise(device, [outputs], seed: 8);
        return (ConvWeight.Pack(device, stored, bias, kind), ConvWeight.Pack(device, stored, bias, kind, form: form));
    }
}
