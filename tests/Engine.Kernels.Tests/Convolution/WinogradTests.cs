using Xunit;

namespace Engine.Kernels.Tests.Convolutions;

public sealed class WinogradTests(ITestOutputHelper log)
{
    // Planes smaller than a tile, exact multiples, one over; more tiles than a large block has; channels of one and several blocks;
    // outputs that fill a panel, a vector, or neither.
    public static TheoryData<Isa, WinogradForm, int, int, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<Isa, WinogradForm, int, int, int, int>();
            (int H, int W, int C, int N)[] sizes = [(1, 1, 16, 16), (3, 2, 16, 48), (8, 8, 32, 16), (5, 9, 48, 32), (9, 6, 128, 32), (85, 83, 16, 16), (6, 7, 32, 3), (7, 6, 16, 12), (5, 5, 16, 27)];
            foreach (var isa in PlaneBench.Isas)
            {
                foreach (var form in (WinogradForm[])[WinogradForm.Two, WinogradForm.Four])
                {
                    foreach (var (h, w, c, n) in sizes)
                    {
                        cases.Add(isa, form, h, w, c, n);
                    }
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Matches_the_plain_reference(Isa isa, WinogradForm form, int height, int width, int inputs, int outputs)
    {
        using var device = new CpuDevice(2, isa);
        using var scratch = new Workspace(device);
        var (plain, transformed) = Weights(device, inputs, outputs, form);
        var planes = Enumerable.Range(0, 3).Select(i => PlaneBench.NoisePlane(device, height, width, inputs, 1, seed: i)).ToArray();
        var residual = PlaneBench.NoisePlane(device, height, width, outputs, 0, seed: 9);
        double worst = 0;
        for (int frames = 1; frames <= 3; frames++)
        {
            var x = new ConvInput(planes[0], frames > 1 ? planes[1] : default, frames > 2 ? planes[2] : default);
            var want = PlaneBench.Blank(device, height, width, outputs, border: 1);
            var got = PlaneBench.Blank(device, height, width, outputs, border: 1);
            var extra = frames == 2 ? default : residual;
            Convolution.Variants["Reference"](device, new ConvCall(x, plain, want, extra, scratch));
            Convolution.Run(device, x, transformed, got, scratch, extra);
            worst = Math.Max(worst, PlaneBench.Error(got, want));
        }

        log.WriteLine($"worst error {worst:e2}");
        Assert.InRange(worst, 0, 1e-5);
    }

    [Theory, InlineData(WinogradForm.Two), InlineData(WinogradForm.Four)]
    public void Same_bits_for_any_number_of_threads(WinogradForm form)
    {
        float[]? first = null;
        foreach (int threads in (int[])[1, 2, 4])
        {
            using var device = new CpuDevice(threads);
            using var scratch = new Workspace(device);
            var x = PlaneBench.NoisePlane(device, 34, 61, 32, 1, seed: 3);
            var y = PlaneBench.Blank(device, 34, 61, 32, 0);
            Convolution.Run(device, new ConvInput(x, x), Weights(device, 32, 32, form).Transformed, y, scratch);
            first ??= y.Values.ToArray();
            Assert.Equal(first, y.Values.ToArray());
        }
    }

    [Fact]
    public void Forms_that_do_not_exist_are_refused()
    {
        using var device = new CpuDevice(1);
        var stored = PlaneBench.NoiseWeight(device, 16, 12 * 27, seed: 7);
        Assert.Throws<ArgumentException>(() => ConvWeight.Pack(device, stored, default, ConvKind.Causal, form: WinogradForm.Four));
    }

    static (ConvWeight Plain, ConvWeight Transformed) Weights(Device device, int inputs, int outputs, WinogradForm form)
    {
        var stored = PlaneBench.NoiseWeight(device, outputs, inputs * 27, seed: 7);
        var bias = PlaneBench.Noise(device, [outputs], seed: 8);
        return (ConvWeight.Pack(device, stored, bias, ConvKind.Causal), ConvWeight.Pack(device, stored, bias, ConvKind.Causal, form: form));
    }
}
