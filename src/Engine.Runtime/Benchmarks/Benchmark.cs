using Engine.Kernels;

namespace Engine.Runtime.Benchmarks;

/// <summary>Measures a model's parts with random weights: no checkpoint is needed to know how fast a machine is.</summary>
public static class Benchmark
{
    const int MaxThreads = 1024;

    /// <summary>Runs one benchmark.</summary>
    /// <exception cref="RequestException">The model has no clip of that size, or a number is out of range.</exception>
    public static BenchResult Run(BenchRequest request, CancellationToken cancel = default)
    {
        if (request.Threads is < 0 or > MaxThreads)
        {
            throw new RequestException("threads", $"{request.Threads} is not possible; it takes 0 (one per core) to {MaxThreads}.");
        }

        if (request.Tokens is < 0 or 1 || request.Tokens > request.Model.TextLength)
        {
            throw new RequestException("tokens", $"{request.Tokens} is not possible; it takes 2 to {request.Model.TextLength}.");
        }

        if (request.Kind == BenchKind.E2e)
        {
            return EndToEnd.Run(request, cancel);
        }

        var work = WorkFor(request);
        double flops = CountFlops(work);
        using var device = new CpuDevice(request.Threads);
        double machinePeak = MachinePeak.Measure(device);
        using var pieces = new Pieces(device) { Cancel = cancel };
        var seconds = BenchClock.Time(request.Runs, work.Prepare(device, pieces), cancel);
        double median = BenchClock.Median(seconds.Select(s => s.Wall));
        double processor = BenchClock.Median(seconds.Select(s => s.Processor));
        return new BenchResult(
            request, work.What, device.Name, median, seconds.Min(s => s.Wall), seconds.Count, flops, machinePeak, processor, Machine.PeakMemoryBytes, pieces.Parts);
    }

    internal static Work WorkFor(BenchRequest request) => request.Kind switch
    {
        BenchKind.Gemm => KernelWork.Gemm(request),
        BenchKind.Attention => KernelWork.Attention(request),
        BenchKind.Conv => KernelWork.Convolution(request),
        BenchKind.Dit => ModelWork.Transformer(request),
        BenchKind.Text => ModelWork.Text(request),
        BenchKind.VaeDecode => ModelWork.VaeDecode(request),
        BenchKind.VaeEncode => ModelWork.VaeEncode(request),
        _ => throw new ArgumentOutOfRangeException(nameof(request), request.Kind, "There is no such benchmark."),
    };

    /// <summary>Operations of one run: the same code on a device that only counts, never a formula of its own.</summary>
    internal static double CountFlops(Work work)
    {
        using var dry = new DryDevice();
        using var pieces = new Pieces(dry);
        var run = work.Prepare(dry, pieces);
        dry.ClearWork();
        run();
        return dry.Work.Values.Sum(w => w.Flops);
    }
}
