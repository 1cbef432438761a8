using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class Rope
{
    static Probe[] Probes =>
    [
        // Tables of any two numbers would make the values grow from call to call; these are a turn.
        new(nameof(Rope), "TOKENSxHEADSxWIDTH", ["1280x12x128", "80x3x64"], Variants, 5e-7, (bench, s) =>
        {
            var x = bench.Changed([s[0], s[1] * s[2]]);
            var (cos, sin) = (bench.Noise([s[0], s[2] / 2]), bench.Noise([s[0], s[2] / 2]));
            float[] angles = cos.ToArray();
            cos.CopyFrom([.. angles.Select(a => MathF.Cos(a))]);
            sin.CopyFrom([.. angles.Select(a => MathF.Sin(a))]);
            return () => Run(bench.Device, x, cos, sin, s[1]);
        }),
    ];
}
