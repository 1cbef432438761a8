using Engine.Kernels;
using Engine.Kernels.Profiling;

namespace Engine.Runtime.Profiling;

/// <summary>All calls of one operation in one variant, or of one of its kernels.</summary>
/// <param name="Name">Operation or kernel.</param>
/// <param name="Variant">Variant of the operation; empty for kernels and where there is one way only.</param>
/// <param name="IsKernel">True for a kernel of the operation above it.</param>
/// <param name="Calls">How often it ran.</param>
/// <param name="Seconds">How long the device worked on it, what it called left out.</param>
/// <param name="Share">Share of the time of all operations, 0 to 1.</param>
/// <param name="Flops">Floating-point operations of all calls; 0 where not known (a kernel among several).</param>
/// <param name="Bytes">Bytes that all calls must move at least; 0 where not known.</param>
/// <param name="Peak">What the device does at most.</param>
public sealed record ProfileRow(
    string Name, string Variant, bool IsKernel, int Calls, double Seconds, double Share, double Flops, double Bytes, Roofline Peak)
{
    /// <summary>Seconds of one call, on average.</summary>
    public double Each => Seconds / Calls;

    /// <summary>Speed, GFLOP/s.</summary>
    public double GFlops => Flops / Seconds / 1e9;

    /// <summary>Traffic, GB/s, counting each operand once.</summary>
    public double GBytes => Bytes / Seconds / 1e9;

    /// <summary>Arithmetic intensity, operations per byte.</summary>
    public double Intensity => Bytes > 0 ? Flops / Bytes : 0;

    /// <summary>True where the device's arithmetic, not its memory, is what limits work of this intensity.</summary>
    public bool IsComputeBound => Intensity * Peak.BytesPerSecond > Peak.FlopsPerSecond;

    /// <summary>Share of what the roofline allows at this intensity; above 1 where operands stay in caches. Null where the work is not known.</summary>
    public double? RooflineShare =>
        Bytes <= 0 || Seconds <= 0 ? null
        : IsComputeBound ? Flops / Seconds / Peak.FlopsPerSecond
        : Bytes / Seconds / Peak.BytesPerSecond;
}

/// <summary>Sums spans by operation and variant.</summary>
static class ProfileTable
{
    /// <summary>Rows by time, each operation followed by its kernels where it has any.</summary>
    public static IReadOnlyList<ProfileRow> Of(IReadOnlyList<ProfileSpan> spans, Roofline peak)
    {
        double[] own = [.. spans.Select(s => s.Busy)];
        var withKernels = spans.Where(s => s.IsKernel).Select(s => s.Parent).ToHashSet();
        foreach (var span in spans.Where(s => s.Parent >= 0 && !s.IsKernel && !withKernels.Contains(s.Parent)))
        {
            own[span.Parent] = Math.Max(0, own[span.Parent] - span.Busy);
        }

        double all = spans.Select((s, i) => s.IsKernel ? 0 : own[i]).Sum();
        var kernels = spans.Where(s => s.IsKernel && s.Parent >= 0).ToLookup(s => Key(spans[s.Parent]));
        var rows = new List<ProfileRow>();
        var operations = spans.Select((s, i) => (Span: s, Own: own[i])).Where(s => !s.Span.IsKernel).GroupBy(s => Key(s.Span))
            .OrderByDescending(g => g.Sum(s => s.Own));
        foreach (var group in operations)
        {
            double seconds = group.Sum(s => s.Own);
            int calls = group.Count();
            var row = new ProfileRow(
                group.Key.Name, group.Key.Variant, false, calls, seconds, seconds / all, group.Sum(s => s.Span.Flops), group.Sum(s => s.Span.Bytes), peak);
            rows.Add(row);
            var parts = kernels[group.Key].GroupBy(k => k.Name).OrderByDescending(k => k.Sum(s => s.Busy)).ToArray();
            foreach (var part in parts)
            {
                // A kernel that is all of its operation does the operation's work.
                bool whole = parts.Length == 1 && part.Count() == calls;
                double time = part.Sum(s => s.Busy);
                rows.Add(new(part.Key, "", true, part.Count(), time, time / all, whole ? row.Flops : 0, whole ? row.Bytes : 0, peak));
            }
        }

        return rows;
    }

    static (string Name, string Variant) Key(ProfileSpan span) => (span.Name, span.Variant);
}
