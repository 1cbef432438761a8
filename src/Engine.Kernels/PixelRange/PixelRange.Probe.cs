using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class PixelRange
{
    static Probe[] Probes =>
    [
        new(nameof(ToUnit), "HEIGHTxWIDTH", ["256x256"], Units, 1e-7, (bench, s) =>
        {
            var x = bench.Changed([s[0], s[1], 3]);
            return () => ToUnit(bench.Device, x);
        }),
    ];
}
