using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class RelativeBias
{
    static Probe[] Probes =>
    [
        new(nameof(RelativeBias), "LENGTHxHEADS", ["512x64", "64x4"], Variants, 0, (bench, s) =>
        {
            var (table, y) = (bench.Noise([32, s[1]]), bench.Result([s[1], s[0], s[0]]));
            return () => Run(bench.Device, table, s[0], 128, y);
        }),
    ];
}
