using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class AverageDown
{
    static Probe[] Probes =>
    [
        new(nameof(AverageDown), "HEIGHTxWIDTHxINPUTSxOUTPUTS", ["64x64x160x320"], Variants, 2e-6, (bench, s) =>
        {
            var (x, y) = (bench.Frame(s[0], s[1], s[2]), bench.FrameResult(s[0] / 2, s[1] / 2, s[3]));
            return () => Run(bench.Device, x, y, factorT: 2, factorS: 2, frame: 0, add: false);
        }),
    ];
}
