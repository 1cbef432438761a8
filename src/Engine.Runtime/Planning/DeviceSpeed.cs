using System.Diagnostics;
using Engine.Kernels;
using Engine.Kernels.Gpu;
using Engine.Runtime.Benchmarks;

namespace Engine.Runtime.Planning;

/// <summary>Measured speed of a device, from which times are estimated: the slower of arithmetic and memory, operation by operation.</summary>
/// <param name="Flops">Multiply-adds per second x 2, f32, all threads.</param>
/// <param name="Bytes">Bytes per second to and from memory.</param>
sealed record DeviceSpeed(double Flops, double Bytes)
{
    // What one operation costs beside its work: shape checks, waking the workers, waiting for the last one (measured, see perf/records/plan.md).
    const double CallSeconds = 10e-6;

    const int ProbeBytes = 64 << 20;

    // Share of the peak that each kind of work reaches on large shapes (measured, see perf/records/plan.md).
    const double MatrixShare = 0.75;
    const double AttentionShare = 0.5;
    const double OtherShare = 0.1;

    /// <summary>Measures; takes a few tenths of a second on the host's cores, longer where kernels must be compiled first.</summary>
    public static DeviceSpeed Measure(Device device)
    {
        if (device is GpuDevice gpu)
        {
            var roofline = Roofline.Measure(gpu);
            return new DeviceSpeed(roofline.FlopsPerSecond, roofline.BytesPerSecond);
        }

        double flops = MachinePeak.Measure((CpuDevice)device) * 1e9;
        using var from = device.NewTensor([ProbeBytes / sizeof(float)]);
        using var to = device.NewTensor([ProbeBytes / sizeof(float)]);
        from.Fill(1);
        to.CopyFrom(from);
        long start = Stopwatch.GetTimestamp();
        to.CopyFrom(from);
        return new DeviceSpeed(flops, 2.0 * ProbeBytes / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Estimated seconds for counted work.</summary>
    public double Seconds(IReadOnlyDictionary<string, DryWork> work) =>
        work.Sum(w => Math.Max(w.Value.Flops / (Flops * Share(w.Key)), w.Value.Bytes / Bytes) + (w.Value.Calls * CallSeconds));

    static double Share(string operation) => operation switch
    {
        nameof(Linear) => MatrixShare,
        nameof(Attention) => AttentionShare,
        _ when operation.StartsWith("Conv", StringComparison.Ordinal) => MatrixShare,
        _ => OtherShare,
    };
}
