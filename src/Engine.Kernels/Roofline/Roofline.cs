using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Engine.Kernels.Gpu;

namespace Engine.Kernels;

/// <summary>What a device can do at most: multiply-adds and memory traffic. Turns counted work into seconds.</summary>
/// <param name="FlopsPerSecond">Floating-point operations per second, f32, all threads.</param>
/// <param name="BytesPerSecond">Bytes per second to and from memory, all threads.</param>
public readonly record struct Roofline(double FlopsPerSecond, double BytesPerSecond)
{
    // What the matrix kernels reach of the peak at large shapes (perf/README.md).
    const double Attained = 0.8;

    // More than most last-level caches hold for one core pair; what stays cached makes the figure a little too good.
    const long ProbeBytes = 48 << 20;
    const int ProbeParts = 48;
    const int ProbeRounds = 3;

    /// <summary>Measures a device: about 0.15 s for the host's cores, longer where kernels must be compiled first.</summary>
    /// <exception cref="ArgumentException">The device only counts.</exception>
    public static Roofline Measure(Device device) => device switch
    {
        CpuDevice cpu => new(MachinePeak.Measure(cpu) * 1e9, Bandwidth(cpu)),
        GpuDevice gpu => GpuPeak.Measure(gpu),
        _ => throw new ArgumentException($"{device.Name} computes nothing that could be measured.", nameof(device)),
    };

    /// <summary>The better of two measurements: neighbours on the machine only ever make one worse.</summary>
    public Roofline OrBetter(Roofline other) =>
        new(Math.Max(FlopsPerSecond, other.FlopsPerSecond), Math.Max(BytesPerSecond, other.BytesPerSecond));

    /// <summary>The most that work of a kind can reach, FLOP/s: bound by memory below a certain intensity, by arithmetic above.</summary>
    /// <param name="intensity">Floating-point operations per byte moved.</param>
    public double Attainable(double intensity) => Math.Min(FlopsPerSecond, intensity * BytesPerSecond);

    /// <summary>Seconds that the work counted on a dry run would take: each operation is bound by arithmetic or by memory.</summary>
    public double Seconds(DryDevice counted)
    {
        double seconds = 0;
        foreach (var (_, flops, bytes) in counted.Work.Values)
        {
            seconds += Math.Max(flops / (Attained * FlopsPerSecond), bytes / BytesPerSecond);
        }

        return seconds;
    }

    static unsafe double Bandwidth(CpuDevice device)
    {
        using var probe = device.Allocate(ProbeBytes);
        var job = new ReadJob { From = (float*)probe.Address, Fill = true };
        device.Pool.Run(ProbeParts, ref job);
        job.Fill = false;
        double best = 0;
        for (int round = 0; round < ProbeRounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            device.Pool.Run(ProbeParts, ref job);
            best = Math.Max(best, ProbeBytes / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    unsafe struct ReadJob : IPartitioned
    {
        const int Floats = (int)(ProbeBytes / ProbeParts / sizeof(float));

        static float s_sink;

        public float* From;
        public bool Fill;

        public readonly void Run(int part)
        {
            float* from = From + ((long)part * Floats);
            if (Fill)
            {
                new Span<float>(from, Floats).Fill(1);
            }
            else
            {
                s_sink = Read(from);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static float Read(float* from)
        {
            Vector256<float> a = default, b = default, c = default, d = default;
            for (int i = 0; i < Floats; i += 32)
            {
                a += Vector256.LoadAligned(from + i);
                b += Vector256.LoadAligned(from + i + 8);
                c += Vector256.LoadAligned(from + i + 16);
                d += Vector256.LoadAligned(from + i + 24);
            }

            return Vector256.Sum(a + b + c + d);
        }
    }
}
