using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class ModulatedNorm
{
    static Probe[] Probes =>
    [
        new(nameof(ModulatedNorm), "ROWSxCOLUMNS", ["1280x1536", "80x192", "512x5120"], Variants, 2e-6, (bench, s) =>
        {
            var (x, shift, scale) = (bench.Noise([s[0], s[1]]), bench.Noise([2, s[1]]), bench.Noise([2, s[1]]));
            var (rows, y) = (bench.Rows(s[0], 2), bench.Result([s[0], s[1]]));
            return () => Run(bench.Device, x, shift, scale, rows, y, 1e-6f);
        }),
    ];
}
