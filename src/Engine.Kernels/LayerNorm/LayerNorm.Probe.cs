using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class LayerNorm
{
    static Probe[] Probes =>
    [
        new(nameof(LayerNorm), "ROWSxCOLUMNS", ["1280x1536", "80x192", "512x5120"], Variants, 2e-6, (bench, s) =>
        {
            var (x, gain, bias, y) = (bench.Noise([s[0], s[1]]), bench.Noise([s[1]]), bench.Noise([s[1]]), bench.Result([s[0], s[1]]));
            return () => Run(bench.Device, x, y, 1e-6f, gain, bias);
        }),
    ];
}
