using Engine.Kernels;

namespace Engine.Runtime.Benchmarks;

/// <summary>Measures a model's parts with random weights: no checkpoint is needed to know how fast a machine is.</summary>
public static class Benchmark
{
    /// <summary>Runs one benchmark.</summary>
    /// <exception cref="EngineException">The model has no clip of that size.</exception>
    public static BenchResult Run(BenchRequest request, CancellationToken cancel = default)
    {
        var work = WorkFor(request);
        double flops = CountFlops(work);
        using var device = new CpuDevice(request.Threads);
        double machinePeak = MachinePeak.Measure(device);
        using var pieces = new Pieces(device);
        var seconds = BenchClock.Time(request.Runs, work.Prepare(device, pieces), cancel);
        return new BenchResult(
            request, work.What, device.Name, BenchClock.Median(seconds), seconds.Min(), seconds.Count, flops, machinePeak, Machine.PeakMemoryBytes, []);
    }

    static Work WorkFor(BenchRequest request) => request.Kind switch
    {
        BenchKind.Gemm => KernelWork.Gemm(request),
        BenchKind.Attention => KernelWork.Attention(request),
        _ => throw new EngineException(ErrorKind.BadRequest, $"kind: there is no benchmark '{request.Kind}'."),
    };

    // The same code on a device that only counts, so a benchmark's operations are never a formula of their own.
    static double CountFlops(Work work)
    {
        using var dry = new DryDevice();
        using var pieces = new Pieces(dry);
        var run = work.Prepare(dry, pieces);
        dry.ClearWork();
        run();
        return dry.Work.Values.Sum(w => w.Flops);
    }
}
