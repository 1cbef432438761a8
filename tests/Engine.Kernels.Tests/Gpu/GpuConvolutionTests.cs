using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>Convolution on an accelerator, every kind and number of frames.</summary>
[Collection("gpu")]
public sealed class GpuConvolutionTests
{
    // In order: less than a block of everything; odd channels, one output more than two panels; several tiles and strips of pixels;
    // more outputs than a tile's; channels in more than one block of a run's depth.
    public static TheoryData<string, ConvKind, int, int, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, ConvKind, int, int, int, int>();
            (int H, int W, int C, int N)[] sizes = [(1, 1, 3, 5), (5, 7, 7, 33), (9, 31, 8, 12), (3, 13, 12, 84), (6, 5, 200, 40)];
            foreach (string variant in (string[])["GpuStrips", "GpuTiles"])
            {
                foreach (var kind in Enum.GetValues<ConvKind>())
                {
                    foreach (var (h, w, c, n) in sizes)
                    {
                        int even = kind == ConvKind.Halve ? 2 : 1;
                        cases.Add(variant, kind, h * even, w * even, c, n);
                    }
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Matches_reference(string variant, ConvKind kind, int height, int width, int inputs, int outputs)
    {
        using var bench = new GpuBench();
        using var scratch = new Workspace(bench.Cpu);
        int border = kind.Border();
        var stored = bench.Host.Weights(DType.F32, outputs, inputs * kind.Frames() * kind.PlaneTaps(), 7);
        var bias = bench.Host.Noise([outputs], 8);
        using var onHost = ConvWeight.Pack(bench.Cpu, stored, bias, kind);
        using var onDevice = ConvWeight.Pack(bench.Gpu, stored, bias, kind);
        Plane[] planes = [.. Enumerable.Range(0, 3).Select(i => bench.NoisePlane(height, width, inputs, border, seed: i))];
        Plane[] sent = [.. planes.Select(bench.Send)];
        int rows = kind.OutputExtent(height);
        int columns = kind.OutputExtent(width);
        var residual = bench.NoisePlane(rows, columns, outputs, 0, seed: 9);
        var sentResidual = bench.Send(residual);
        for (int frames = 1; frames <= kind.Frames(); frames++)
        {
            var want = bench.BlankPlane(rows, columns, outputs, border: 1);
            var got = bench.Send(want);
            bool adds = frames != 2;
            Convolution.Variants["Reference"](bench.Cpu, new ConvCall(Input(planes, frames), onHost, want, adds ? residual : default, scratch));
            Convolution.Variants[variant](bench.Gpu, new ConvCall(Input(sent, frames), onDevice, got, adds ? sentResidual : default, scratch));
            AssertClose(want, bench.Receive(got.Values));
        }
    }

    // The residual may be the result itself, and part of a weight's outputs may be taken.
    [Fact]
    public void Adds_in_place_with_some_of_the_outputs()
    {
        using var bench = new GpuBench();
        using var scratch = new Workspace(bench.Gpu);
        var stored = bench.Host.Weights(DType.BF16, 24, 16 * 3, 7);
        var bias = bench.Host.Noise([24], 8);
        using var onHost = ConvWeight.Pack(bench.Cpu, stored, bias, ConvKind.Time, 12, 12);
        using var sentWeight = bench.Send(stored);
        using var onDevice = ConvWeight.Pack(bench.Gpu, sentWeight, bench.Send(bias), ConvKind.Time, 12, 12);
        var x = bench.NoisePlane(6, 5, 16, 0, seed: 1);
        var want = bench.NoisePlane(6, 5, 12, 1, seed: 2);
        var got = bench.Send(want);
        var sent = bench.Send(x);
        using var hostScratch = new Workspace(bench.Cpu);
        Convolution.Variants["Reference"](bench.Cpu, new ConvCall(new ConvInput(x, x), onHost, want, want, hostScratch));
        Convolution.Run(bench.Gpu, new ConvInput(sent, sent), onDevice, got, scratch, got);
        AssertClose(want, bench.Receive(got.Values));
        Assert.Equal(0, scratch.Capacity);
    }

    [Fact]
    public void A_device_has_no_transformed_weights_and_takes_no_scratch_in_a_plan()
    {
        using var bench = new GpuBench();
        using var dry = new DryDevice(bench.Gpu);
        Assert.Equal(WinogradForm.None, WinogradForms.For(dry, ConvKind.Causal, 32, 32, fewPixels: false));
        Assert.NotEqual(WinogradForm.None, WinogradForms.For(new DryDevice(), ConvKind.Causal, 32, 32, fewPixels: false));
        var stored = bench.Host.Weights(DType.F32, 32, 32 * 27, 1);
        Assert.Throws<ArgumentException>(() => ConvWeight.Pack(bench.Gpu, stored, default, ConvKind.Causal, form: WinogradForm.Two));

        using var scratch = new Workspace(dry);
        using var weight = ConvWeight.Pack(dry, new Weight(dry.Allocate(4L * 32 * 32 * 27), DType.F32, 32, 32 * 27), default, ConvKind.Causal);
        var x = new Plane(dry.NewTensor([18, 18, 32]), 1);
        Convolution.Run(dry, new ConvInput(x, x, x), weight, new Plane(dry.NewTensor([16, 16, 32])), scratch);
        Assert.Equal(2.0 * 16 * 16 * 32 * 32 * 27, dry.Work["ConvCausal"].Flops);
        Assert.Equal(0, scratch.Capacity);
    }

    // Relative to the largest value; the 77 of a blank plane's border is none.
    static void AssertClose(Plane want, Tensor got) =>
        TensorAssert.Close(want.Values, got, relative: 0, absolute: 5e-6 * want.Values.ToArray().Where(v => v != 77).Max(Math.Abs));

    static ConvInput Input(Plane[] planes, int frames) =>
        new(planes[0], frames > 1 ? planes[1] : default, frames > 2 ? planes[2] : default);
}
