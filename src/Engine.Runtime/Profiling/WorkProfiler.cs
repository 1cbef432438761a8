using System.Diagnostics;
using Engine.Kernels;
using Engine.Kernels.Gpu;
using Engine.Kernels.Profiling;
using Engine.Runtime.Benchmarks;
using Engine.Runtime.Devices;

namespace Engine.Runtime.Profiling;

/// <summary>Profiles a benchmark's work: a part of a model at some size, with random weights.</summary>
public static class WorkProfiler
{
    /// <summary>Runs the work once to warm up and then as often as the request says, recorded.</summary>
    /// <param name="request">What to run; <see cref="BenchRequest.Runs"/> of 0 means once.</param>
    /// <param name="opened">Where to run.</param>
    /// <param name="cancel">Looked at between runs.</param>
    /// <exception cref="RequestException">The model has no clip of that size, or a number is out of range.</exception>
    public static ProfileReport Run(BenchRequest request, OpenedDevice opened, CancellationToken cancel = default)
    {
        if (request.Kind == BenchKind.E2e)
        {
            throw new RequestException("bench", "a profile of steps and decode together is a request's: give a prompt; or take dit or vae-decode.");
        }

        var work = Benchmark.WorkFor(request);
        using var pieces = new Pieces(opened.Device);
        return Run(work.What, opened.Device, work.Prepare(opened.Device, pieces), Math.Max(1, request.Runs), cancel);
    }

    /// <summary>Runs something once to warm up and then so many times, recorded.</summary>
    internal static ProfileReport Run(string what, Device device, Action run, int runs, CancellationToken cancel)
    {
        var peak = Roofline.Measure(device);
        run();
        device.Synchronize();
        long launched = (device as GpuDevice)?.Launches ?? 0;
        using var recorder = new DeviceRecorder(device);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < runs; i++)
        {
            cancel.ThrowIfCancellationRequested();
            run();
        }

        device.Synchronize();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        long ended = (device as GpuDevice)?.Launches ?? 0;
        var spans = recorder.Spans();
        string method = recorder.Method;
        recorder.Dispose();
        peak = peak.OrBetter(Roofline.Measure(device));
        return new ProfileReport
        {
            What = what,
            Device = device.Name,
            Method = method,
            Peak = peak,
            Runs = runs,
            Seconds = seconds,
            Rows = ProfileTable.Of(spans, peak),
            Spans = spans,
            Launches = ended - launched,
        };
    }
}
