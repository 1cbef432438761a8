using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class Select
{
    static Probe[] Probes =>
    [
        new(nameof(Select), "CHANNELSxVALUES", ["16x5120", "48x1280"], Variants, 0, (bench, s) =>
        {
            var (mask, x, y) = (bench.Noise([s[1]]), bench.Noise([s[0], s[1]]), bench.Changed([s[0], s[1]]));
            return () => Run(bench.Device, mask, x, y);
        }),
    ];
}
