using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class Embedding
{
    static Probe[] Probes =>
    [
        new(nameof(Embedding), "TOKENSxVOCABULARYxWIDTH", ["512x4096x4096", "64x4096x128"], Variants, 0, (bench, s) =>
        {
            var (table, y) = (bench.Weight(s[1], s[2]), bench.Result([s[0], s[2]]));
            int[] ids = [.. Enumerable.Range(0, s[0]).Select(i => (int)(i * 7919L % s[1]))];
            return () => Run(bench.Device, table, ids, y);
        }),
    ];
}
