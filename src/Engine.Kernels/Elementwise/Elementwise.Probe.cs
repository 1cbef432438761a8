using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class Elementwise
{
    static Probe[] Probes =>
    [
        new("Combine", "ROWSxCOLUMNS", ["1280x1536", "80x192"], Combines, 2e-7, (bench, s) =>
        {
            var (a, b, y) = (bench.Noise([s[0], s[1]]), bench.Noise([s[0], s[1]]), bench.Result([s[0], s[1]]));
            return () => Combine(bench.Device, a, 0.75f, b, -0.5f, y);
        }),
        new("Multiply", "ROWSxCOLUMNS", ["1280x1536", "80x192"], Multiplies, 2e-7, (bench, s) =>
        {
            var (x, y) = (bench.Noise([s[0], s[1]]), bench.Changed([s[0], s[1]]));
            return () => Multiply(bench.Device, x, y);
        }),
        new("Gate", "ROWSxCOLUMNS", ["1280x1536", "80x192"], Gates, 2e-7, (bench, s) =>
        {
            var (x, gate, rows, y) = (bench.Noise([s[0], s[1]]), bench.Noise([2, s[1]]), bench.Rows(s[0], 2), bench.Changed([s[0], s[1]]));
            return () => AddGated(bench.Device, x, gate, rows, y);
        }),
        new("Activate", "ROWSxCOLUMNS", ["1280x8960", "80x768"], Activations, 1e-6, (bench, s) =>
        {
            var y = bench.Changed([s[0], s[1]]);
            return () => Activate(bench.Device, y, Activation.GeluTanh);
        }),
    ];
}
