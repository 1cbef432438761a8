using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class ChannelAffine
{
    static Probe[] Probes =>
    [
        new(nameof(ChannelAffine), "CHANNELSxVALUES", ["16x5120", "48x1280"], Variants, 2e-7, (bench, s) =>
        {
            var (x, shift, factor) = (bench.Changed([s[0], s[1]]), bench.Noise([s[0]]), bench.Noise([s[0]], offset: 2));
            return () => Run(bench.Device, x, shift, factor, inverse: false);
        }),
    ];
}
