using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class Attention
{
    static Probe[] Probes =>
    [
        new(nameof(Attention), "QUERIESxKEYSxHEADSxWIDTH", ["512x512x12x128", "1280x1280x12x128", "1280x512x12x128", "257x257x16x80", "80x80x3x64"], Variants, 2e-6, (bench, s) =>
        {
            int width = s[2] * s[3];
            var (q, k, v) = (bench.Noise([s[0], width]), bench.Noise([s[1], width]), bench.Noise([s[1], width]));
            var (y, scratch) = (bench.Result([s[0], width]), bench.Scratch());
            return () => Run(bench.Device, q, k, v, y, s[2], 1 / MathF.Sqrt(s[3]), scratch);
        }),
    ];
}
