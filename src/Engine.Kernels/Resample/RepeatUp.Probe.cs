using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class RepeatUp
{
    static Probe[] Probes =>
    [
        new(nameof(RepeatUp), "HEIGHTxWIDTHxINPUTSxOUTPUTS", ["32x32x256x128"], Variants, 0, (bench, s) =>
        {
            var (x, y) = (bench.Frame(s[0], s[1], s[2]), bench.FrameResult(2 * s[0], 2 * s[1], s[3]));
            return () => Run(bench.Device, x, y, factorT: 1, factorS: 2, frame: 0);
        }),
    ];
}
