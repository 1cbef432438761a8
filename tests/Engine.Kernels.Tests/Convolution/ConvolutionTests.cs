using Xunit;

namespace Engine.Kernels.Tests.Convolutions;

public sealed class ConvolutionTests
{
    // Widths around every tile height (2, 6, 8) and channels around every panel (16, 32); 200 channels take several passes.
    public static TheoryData<Isa, ConvKind, int, int, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<Isa, ConvKind, int, int, int, int>();
            (int H, int W, int C, int N)[] sizes =
                [(1, 1, 3, 5), (2, 3, 12, 16), (5, 7, 16, 33), (8, 8, 16, 12), (3, 13, 6, 48), (9, 31, 7, 17), (6, 5, 200, 40)];
            foreach (var isa in PlaneBench.Isas)
            {
                foreach (var kind in Enum.GetValues<ConvKind>())
                {
                    foreach (var (h, w, c, n) in sizes)
                    {
                        int even = kind == ConvKind.Halve ? 2 : 1;
                        cases.Add(isa, kind, h * even, w * even, c, n);
                    }
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Matches_reference(Isa isa, ConvKind kind, int height, int width, int inputs, int outputs)
    {
        using var device = new CpuDevice(2, isa);
        using var scratch = new Workspace(device);
        int border = kind.Border();
        var weight = PackNoise(device, kind, inputs, outputs);
        var planes = Enumerable.Range(0, 3).Select(i => PlaneBench.NoisePlane(device, height, width, inputs, border, seed: i)).ToArray();
        int rows = kind.OutputExtent(height);
        int columns = kind.OutputExtent(width);
        var residual = PlaneBench.NoisePlane(device, rows, columns, outputs, 0, seed: 9);
        for (int frames = 1; frames <= kind.Frames(); frames++)
        {
            var x = new ConvInput(planes[0], frames > 1 ? planes[1] : default, frames > 2 ? planes[2] : default);
            var want = PlaneBench.Blank(device, rows, columns, outputs, border: 1);
            var got = PlaneBench.Blank(device, rows, columns, outputs, border: 1);
            var extra = frames == 2 ? default : residual;
            Convolution.Variants["Reference"](device, new ConvCall(x, weight, want, extra, scratch));
            Convolution.Run(device, x, weight, got, scratch, extra);
            Assert.InRange(PlaneBench.Error(got, want), 0, 5e-6);
        }
    }

    [Fact]
    public void Reference_of_the_enlarging_form_is_a_3x3_convolution_of_the_enlarged_plane()
    {
        using var device = new CpuDevice(1);
        using var scratch = new Workspace(device);
        const int H = 3, W = 4, C = 2, N = 3;
        var small = PlaneBench.NoisePlane(device, H, W, C, 1, seed: 1);
        var stored = PlaneBench.NoiseWeight(device, N, C * 9, seed: 2);
        var y = PlaneBench.Blank(device, 2 * H, 2 * W, N, 0);
        using var weight = ConvWeight.Pack(device, stored, default, ConvKind.Double);
        Convolution.Variants["Reference"](device, new ConvCall(new ConvInput(small), weight, y, default, scratch));
        float[] image = small.Values.ToArray();
        float[] w = new Tensor(stored.Storage, 0, [N, C, 3, 3]).ToArray();
        float[] got = y.Values.ToArray();
        for (int i = 0; i < got.Length; i++)
        {
            int n = i % N, column = i / N % (2 * W), row = i / N / (2 * W);
            double want = 0;
            for (int tap = 0; tap < 9; tap++)
            {
                int py = row + (tap / 3) - 1, px = column + (tap % 3) - 1;
                bool inside = py >= 0 && py < 2 * H && px >= 0 && px < 2 * W;
                for (int c = 0; inside && c < C; c++)
                {
                    want += (double)w[(((n * C) + c) * 9) + tap] * image[(((((py / 2) + 1) * (W + 2)) + (px / 2) + 1) * C) + c];
                }
            }

            Assert.Equal(want, got[i], 5e-6);
        }
    }

    [Theory, InlineData(ConvKind.Causal), InlineData(ConvKind.Halve), InlineData(ConvKind.Double)]
    public void Same_bits_for_any_number_of_threads(ConvKind kind)
    {
        float[]? first = null;
        foreach (int threads in (int[])[1, 2, 4])
        {
            using var device = new CpuDevice(threads);
            using var scratch = new Workspace(device);
            var x = PlaneBench.NoisePlane(device, 34, 30, 24, 1, seed: 3);
            var y = PlaneBench.Blank(device, kind.OutputExtent(34), kind.OutputExtent(30), 40, 0);
            Convolution.Run(device, new ConvInput(x), PackNoise(device, kind, 24, 40), y, scratch);
            first ??= y.Values.ToArray();
            Assert.Equal(first, y.Values.ToArray());
        }
    }

    [Theory, InlineData(DType.F16), InlineData(DType.BF16)]
    public void Weights_in_half_precision_are_widened(DType type)
    {
        using var device = new CpuDevice(1);
        using var scratch = new Workspace(device);
        const int C = 5, N = 4;
        var storage = device.Allocate(N * C * 2);
        var exact = device.NewTensor([N, C]);
        var random = new Random(4);
        unsafe
        {
            for (int i = 0; i < N * C; i++)
            {
                var half = (Half)random.NextSingle();
                ushort bits = type == DType.F16
                    ? BitConverter.HalfToUInt16Bits(half)
                    : (ushort)(BitConverter.SingleToUInt32Bits(random.NextSingle()) >> 16);
                ((ushort*)storage.Address)[i] = bits;
                exact.Pointer[i] = type == DType.F16 ? (float)half : BitConverter.UInt32BitsToSingle((uint)bits << 16);
            }
        }

        var x = new ConvInput(PlaneBench.NoisePlane(device, 3, 3, C, 0, seed: 5));
        var got = PlaneBench.Blank(device, 3, 3, N, 0);
        var want = PlaneBench.Blank(device, 3, 3, N, 0);
        Convolution.Run(device, x, ConvWeight.Pack(device, new Weight(storage, type, N, C), default, ConvKind.Point), got, scratch);
        Convolution.Run(device, x, ConvWeight.Pack(device, new Weight(exact.Storage, DType.F32, N, C), default, ConvKind.Point), want, scratch);
        Assert.Equal(want.Values.ToArray(), got.Values.ToArray());
    }

    [Fact]
    public void A_dry_run_counts_work_and_scratch_and_touches_nothing()
    {
        using var device = new DryDevice();
        using var scratch = new Workspace(device);
        var stored = new Weight(device.Allocate(4L * 32 * 32 * 27), DType.F32, 32, 32 * 27);
        var weight = ConvWeight.Pack(device, stored, default, ConvKind.Causal);
        var x = new Plane(device.NewTensor([18, 18, 32]), 1);
        var y = new Plane(device.NewTensor([16, 16, 32]));
        Convolution.Run(device, new ConvInput(x, x, x), weight, y, scratch);
        Assert.Equal(2.0 * 16 * 16 * 32 * 32 * 27, device.Work["ConvCausal"].Flops);
        Assert.True(scratch.Capacity > 0);
    }

    [Fact]
    public void Planes_that_do_not_fit_are_refused()
    {
        using var device = new CpuDevice(1);
        using var scratch = new Workspace(device);
        var weight = PackNoise(device, ConvKind.Causal, 4, 4);
        var bare = PlaneBench.NoisePlane(device, 4, 4, 4, 0, seed: 1);
        Assert.Throws<ArgumentException>(() => Convolution.Run(device, new ConvInput(bare), weight, bare, scratch));
    }

    static ConvWeight PackNoise(Device device, ConvKind kind, int inputs, int outputs) => ConvWeight.Pack(
        device,
        PlaneBench.NoiseWeight(device, outputs, inputs * kind.Frames() * kind.PlaneTaps(), seed: 7),
        PlaneBench.Noise(device, [outputs], seed: 8),
        kind);
}
