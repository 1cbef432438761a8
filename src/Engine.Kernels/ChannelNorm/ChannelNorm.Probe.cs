using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class ChannelNorm
{
    static Probe[] Probes =>
    [
        new(nameof(ChannelNorm), "HEIGHTxWIDTHxCHANNELS", ["128x128x96", "32x32x384"], Variants, 2e-6, (bench, s) =>
        {
            var (x, gamma, y) = (bench.Frame(s[0], s[1], s[2]), bench.Noise([s[2]]), bench.FrameResult(s[0], s[1], s[2], border: 1));
            return () => Run(bench.Device, x, gamma, true, y);
        }),
    ];
}
