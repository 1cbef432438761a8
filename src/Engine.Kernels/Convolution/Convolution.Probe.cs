using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class Convolution
{
    static Probe[] Probes =>
    [
        Of(ConvKind.Causal, ["32x32x96x96", "128x128x96x96", "16x16x384x384"]),
        Of(ConvKind.Causal, ["32x32x96x96", "128x128x96x96", "16x16x384x384"], WinogradForm.Two),
        Of(ConvKind.Halve, ["64x64x96x96"]),
        Of(ConvKind.Double, ["32x32x192x96"]),
        Of(ConvKind.Time, ["32x32x192x192"]),
        Of(ConvKind.Point, ["32x32x384x192"]),
    ];

    // A transform is chosen with the weights, not by the table: it is a probe of its own, of the same reference.
    static Probe Of(ConvKind kind, string[] shapes, WinogradForm form = WinogradForm.None) =>
        new($"Conv{kind}{(form == WinogradForm.None ? "" : "Winograd")}", "HEIGHTxWIDTHxINPUTSxOUTPUTS", shapes, Variants, form == WinogradForm.None ? 5e-6 : 1e-5, (bench, s) =>
        {
            Plane Input() => bench.Frame(s[0], s[1], s[2], kind.Border());
            var x = kind.Frames() == 3 ? new ConvInput(Input(), Input(), Input()) : new ConvInput(Input());
            var (stored, bias) = (bench.Weight(s[3], s[2] * kind.Frames() * kind.PlaneTaps()), bench.Noise([s[3]]));
            var weight = bench.Keep(ConvWeight.Pack(bench.Device, stored, bias, kind, form: bench.IsReference ? WinogradForm.None : form));
            var (y, scratch) = (bench.FrameResult(kind.OutputExtent(s[0]), kind.OutputExtent(s[1]), s[3]), bench.Scratch());
            return () => Run(bench.Device, x, weight, y, scratch);
        });
}
