using Engine.Kernels.Gpu;
using Engine.Kernels.Tests.Convolutions;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>The tensor-core kernels of Convolution, interpreted, against its reference.</summary>
public sealed unsafe class CudaConvolutionTests(ITestOutputHelper log)
{
    // Largest error relative to the largest value; see CudaConvolution.
    const double Reduced = 5e-3;
    const double Precise = 2e-5;

    // Channels below, at and beyond a stage and not in fours; outputs within a panel and beyond a tile; one pixel, one tile and more.
    [Theory]
    [InlineData(ConvKind.Causal, 3, 5, 3, 5)]
    [InlineData(ConvKind.Causal, 9, 8, 36, 20)]
    [InlineData(ConvKind.Halve, 6, 10, 20, 33)]
    [InlineData(ConvKind.Double, 3, 5, 18, 12)]
    [InlineData(ConvKind.Time, 5, 3, 40, 70)]
    [InlineData(ConvKind.Point, 1, 1, 7, 3)]
    public void Matches_the_reference(ConvKind kind, int height, int width, int inputs, int outputs)
    {
        for (int frames = 1; frames <= kind.Frames(); frames++)
        {
            Check(kind, height, width, inputs, outputs, frames, residual: frames != 2, precise: true, medium: false, CopyTiming.Late);
        }

        Check(kind, height, width, inputs, outputs, 1, residual: true, precise: false, medium: false, CopyTiming.Early);
    }

    [Fact]
    public void Medium_tiles_match_the_reference() =>
        Check(ConvKind.Causal, 10, 13, 36, 140, 2, residual: true, precise: false, medium: true, CopyTiming.Late);

    void Check(
        ConvKind kind, int height, int width, int inputs, int outputs, int frames, bool residual, bool precise, bool medium, CopyTiming timing)
    {
        using var device = new CpuDevice(1);
        using var scratch = new Workspace(device);
        int border = kind.Border();
        using var weight = ConvWeight.Pack(
            device, PlaneBench.NoiseWeight(device, outputs, inputs * kind.Frames() * kind.PlaneTaps(), seed: 7), PlaneBench.Noise(device, [outputs], seed: 8), kind);
        var planes = Enumerable.Range(0, frames).Select(i => PlaneBench.NoisePlane(device, height, width, inputs, border, seed: i)).ToArray();
        int rows = kind.OutputExtent(height);
        int columns = kind.OutputExtent(width);
        var extra = residual ? PlaneBench.NoisePlane(device, rows, columns, outputs, 0, seed: 9) : default;
        var want = PlaneBench.Blank(device, rows, columns, outputs, border: 1);
        var x = new ConvInput(planes[0], frames > 1 ? planes[1] : default, frames > 2 ? planes[2] : default);
        Convolution.Variants["Reference"](device, new ConvCall(x, weight, want, extra, scratch));

        var memory = new SimMemory();
        var queue = new SimQueue(memory, timing, medium ? 1 : 64);
        var got = PlaneBench.Blank(device, rows, columns, outputs, border: 1);
        var y = Put(memory, got);
        CudaConvolution.Run(
            queue, kind, height, width, inputs, outputs,
            Put(memory, x.Current), Put(memory, x.Previous), Put(memory, x.Oldest),
            memory.Put<byte>(new ReadOnlySpan<byte>(weight.Packed, (int)weight.PackedStorage.Bytes)),
            memory.Put<float>(new ReadOnlySpan<float>(weight.Bias, weight.PaddedOutputs)),
            y, Put(memory, extra), aligned: true, precise);
        got.Values.CopyFrom(memory.Get<float>(y.Address, (int)got.Values.Count));
        double error = PlaneBench.Error(got, want);
        log.WriteLine($"{queue.Ran[0]}, {kind} {height}x{width}, {inputs} to {outputs}, {frames} frames{(precise ? ", in parts" : "")}: error {error:e2}");
        Assert.InRange(error, 0, precise ? Precise : Reduced);
        Assert.All(queue.Ran, name => Assert.Equal((medium ? CudaConvolution.Medium : CudaConvolution.Small).Name, name));
    }

    static CudaPlane Put(SimMemory memory, Plane plane) =>
        plane.IsEmpty ? default : new CudaPlane(memory.Put<float>(plane.Values.ToArray()), plane.Pitch, plane.Border);
}
