using System.Diagnostics;
using Engine.Kernels;
using Engine.Kernels.Profiling;

namespace Engine.Runtime.Profiling;

/// <summary>How far a variant's results are from the reference's.</summary>
/// <param name="Variant">Name of the variant.</param>
/// <param name="Error">Largest difference, relative to the largest value; infinite where a result is not a number.</param>
/// <param name="Limit">Largest difference that is allowed.</param>
public sealed record KernelCheck(string Variant, double Error, double Limit)
{
    /// <summary>True when the results agree.</summary>
    public bool Passed => Error <= Limit;
}

/// <summary>One operation alone: its variants timed, and held against the reference.</summary>
/// <param name="Report">Times, a row for each variant.</param>
/// <param name="Checks">One for each variant; empty where no check was asked for.</param>
/// <param name="Skipped">Variants that do not run on this device at this shape.</param>
public sealed record KernelReport(ProfileReport Report, IReadOnlyList<KernelCheck> Checks, IReadOnlyList<string> Skipped);

/// <summary>Runs one operation alone, in one variant or in all that run on a device.</summary>
public static class KernelProfiler
{
    const int MostRuns = 1000;
    const int LeastRuns = 5;
    const double SecondsToSpend = 0.5;

    /// <summary>Runs and checks it.</summary>
    /// <param name="probe">The operation.</param>
    /// <param name="variant">A variant's name, <c>all</c>, or null for the one that the engine itself would take.</param>
    /// <param name="shape">A shape in the probe's form; null means its default.</param>
    /// <param name="weights">How weight matrices are stored.</param>
    /// <param name="device">Where to run.</param>
    /// <param name="runs">Recorded calls; 0 means as many as half a second holds, at least 5.</param>
    /// <param name="check">False leaves the reference out, which is slow at large shapes.</param>
    /// <param name="cancel">Looked at between calls.</param>
    /// <exception cref="EngineException">There is no such variant or shape, or it does not run on the device.</exception>
    public static KernelReport Run(
        Probe probe, string? variant, string? shape, DType weights, Device device, int runs = 0, bool check = true, CancellationToken cancel = default)
    {
        int[] extents = probe.ParseShape(shape);
        string?[] names = variant is null ? [null] : string.Equals(variant, "all", StringComparison.OrdinalIgnoreCase) ? [.. probe.Table.Names] : [variant];
        string? before = probe.Table.Forced;
        var want = new Lazy<float[][]>(() => Reference(probe, extents, weights));
        var reports = new List<ProfileReport>();
        var checks = new List<KernelCheck>();
        var skipped = new List<string>();
        try
        {
            foreach (string? name in names)
            {
                Force(probe, name);
                try
                {
                    var report = Time(probe, extents, weights, device, runs, cancel);
                    reports.Add(report);
                    if (check)
                    {
                        // Transfers and packing have no variant, and a probe may have another name than what it runs.
                        string ran = report.Rows.First(r => !r.IsKernel && r.Variant.Length > 0).Variant;
                        checks.Add(new KernelCheck(ran, Error(Results(probe, extents, weights, device), want.Value), probe.Tolerance));
                        Force(probe, name);
                    }
                }
                catch (NotSupportedException) when (names.Length > 1)
                {
                    skipped.Add(name!);
                }
                catch (NotSupportedException e)
                {
                    throw new EngineException(ErrorKind.BadRequest, e.Message, e);
                }
            }
        }
        finally
        {
            probe.Table.Forced = before;
        }

        return new KernelReport(Merge(reports, $"{probe.Name} {string.Join('x', extents)} ({probe.Form}), weights {weights}"), checks, skipped);
    }

    static void Force(Probe probe, string? name)
    {
        try
        {
            probe.Table.Forced = name;
        }
        catch (ArgumentException e)
        {
            throw new EngineException(ErrorKind.BadRequest, e.Message, e);
        }
    }

    static ProfileReport Time(Probe probe, int[] extents, DType weights, Device device, int runs, CancellationToken cancel)
    {
        using var bench = new ProbeBench(device, weights);
        var run = probe.Prepare(bench, extents);
        run();
        device.Synchronize();
        long start = Stopwatch.GetTimestamp();
        run();
        device.Synchronize();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        int wanted = runs > 0 ? runs : (int)Math.Clamp(SecondsToSpend / Math.Max(seconds, 1e-6), LeastRuns, MostRuns);
        return WorkProfiler.Run(probe.Name, device, run, wanted, cancel);
    }

    // From fresh operands: an operation that works in place has changed those that were timed.
    static float[][] Results(Probe probe, int[] extents, DType weights, Device device)
    {
        using var bench = new ProbeBench(device, weights);
        probe.Prepare(bench, extents)();
        return [.. bench.Results.Select(r => r.ToArray())];
    }

    static float[][] Reference(Probe probe, int[] extents, DType weights)
    {
        using var host = new CpuDevice(threads: 1);
        using var bench = new ProbeBench(host, weights, isReference: true);
        probe.Table.Forced = "Reference";
        probe.Prepare(bench, extents)();
        return [.. bench.Results.Select(r => r.ToArray())];
    }

    static double Error(float[][] got, float[][] want)
    {
        double worst = 0;
        for (int i = 0; i < want.Length; i++)
        {
            double largest = want[i].Max(Math.Abs);
            for (int j = 0; j < want[i].Length; j++)
            {
                double difference = Math.Abs((double)got[i][j] - want[i][j]) / Math.Max(largest, float.Epsilon);

                // Written so that NaN counts as infinitely far.
                worst = difference <= worst ? worst : double.IsNaN(difference) ? double.PositiveInfinity : difference;
            }
        }

        return worst;
    }

    static ProfileReport Merge(List<ProfileReport> reports, string what)
    {
        if (reports.Count == 0)
        {
            throw new EngineException(ErrorKind.BadRequest, $"No variant of {what} runs on this device.");
        }

        var spans = new List<ProfileSpan>();
        foreach (var report in reports)
        {
            double offset = spans.Count == 0 ? 0 : spans.Max(s => s.Start + s.Seconds);
            int first = spans.Count;
            spans.AddRange(report.Spans.Select(s => s with { Start = s.Start + offset, Parent = s.Parent < 0 ? s.Parent : s.Parent + first }));
        }

        var peak = reports.Aggregate(default(Roofline), (best, r) => best.OrBetter(r.Peak));
        return reports[0] with
        {
            What = what,
            Peak = peak,
            Runs = 1,
            Seconds = reports.Sum(r => r.Seconds),
            Spans = spans,
            Rows = ProfileTable.Of(spans, peak),
            Launches = reports.Sum(r => r.Launches),
        };
    }
}
