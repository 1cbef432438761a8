using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class PixelPatch
{
    static Probe[] Probes =>
    [
        new("PixelFold", "HEIGHTxWIDTHxCHANNELS", ["128x128x3"], Patches, 0, (bench, s) =>
        {
            var (x, y) = (bench.Frame(2 * s[0], 2 * s[1], s[2]), bench.FrameResult(s[0], s[1], 4 * s[2], border: 1));
            return () => Fold(bench.Device, x, y, 2);
        }),
        new("PixelUnfold", "HEIGHTxWIDTHxCHANNELS", ["128x128x3"], Patches, 0, (bench, s) =>
        {
            var (x, y) = (bench.Frame(s[0], s[1], 4 * s[2]), bench.FrameResult(2 * s[0], 2 * s[1], s[2]));
            return () => Unfold(bench.Device, x, y, 2);
        }),
        new(nameof(ChannelsLast), "HEIGHTxWIDTHxCHANNELS", ["32x32x48"], Frames, 0, (bench, s) =>
        {
            var (x, y) = (bench.Noise([s[2], s[0], s[1]]), bench.FrameResult(s[0], s[1], s[2], border: 1));
            return () => ChannelsLast(bench.Device, x, y);
        }),
        new(nameof(ChannelsFirst), "HEIGHTxWIDTHxCHANNELS", ["32x32x48"], Frames, 0, (bench, s) =>
        {
            var (x, y) = (bench.Frame(s[0], s[1], s[2]), bench.Result([s[2], s[0], s[1]]));
            return () => ChannelsFirst(bench.Device, x, y);
        }),
    ];
}
