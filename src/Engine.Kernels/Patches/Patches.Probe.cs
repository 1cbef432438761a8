using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class Patches
{
    static Probe[] Probes =>
    [
        new(nameof(Gather), "CHANNELSxFRAMESxHEIGHTxWIDTH", ["16x5x32x32", "48x5x16x16"], Gathers, 0, (bench, s) =>
        {
            var (latent, rows) = (bench.Noise([s[0], s[1], s[2], s[3]]), bench.Result([s[1] * (s[2] / 2) * (s[3] / 2), 4 * s[0]]));
            return () => Gather(bench.Device, latent, (1, 2, 2), rows);
        }),
        new(nameof(Scatter), "CHANNELSxFRAMESxHEIGHTxWIDTH", ["16x5x32x32", "48x5x16x16"], Scatters, 0, (bench, s) =>
        {
            var (rows, latent) = (bench.Noise([s[1] * (s[2] / 2) * (s[3] / 2), 4 * s[0]]), bench.Result([s[0], s[1], s[2], s[3]]));
            return () => Scatter(bench.Device, rows, (1, 2, 2), latent);
        }),
    ];
}
