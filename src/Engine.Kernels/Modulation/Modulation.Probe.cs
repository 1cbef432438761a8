using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class Modulation
{
    static Probe[] Probes =>
    [
        new(nameof(Modulation), "KINDSxTIMESTEPSxWIDTH", ["6x1x1536", "6x2x5120"], Variants, 0, (bench, s) =>
        {
            var (table, time, y) = (bench.Noise([s[0], s[2]]), bench.Noise([s[1], s[0] * s[2]]), bench.Result([s[0] * s[1], s[2]]));
            return () => Run(bench.Device, table, time, y);
        }),
    ];
}
