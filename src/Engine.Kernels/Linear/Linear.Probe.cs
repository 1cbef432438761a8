using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class Linear
{
    static Probe[] Probes =>
    [
        // The tolerance is of the largest value, which is some four times the size of a sum's terms taken together.
        new(nameof(Linear), "ROWSxINPUTSxOUTPUTS", ["256x1536x1536", "1280x1536x8960", "1280x8960x1536", "80x192x768", "1x1536x9216"], Variants, 2e-6, (bench, s) =>
        {
            var (x, w, bias) = (bench.Noise([s[0], s[1]]), bench.Weight(s[2], s[1]), bench.Noise([s[2]]));
            var (y, scratch) = (bench.Result([s[0], s[2]]), bench.Scratch());
            return () => Run(bench.Device, x, w, bias, y, scratch, Activation.GeluTanh);
        }),
    ];
}
