namespace Engine.Kernels;

/// <summary>Moves pixels: patches into channels and back, and channel-first latents into channels-last planes and back.</summary>
/// <remarks>
/// A patch of p x p pixels with C channels becomes one pixel with C p p channels, in the order (c, x inside the patch, y inside).
/// Cost: reads and writes every value once. Exact: values are only copied; so all variants give the same bits.
/// </remarks>
public static partial class PixelPatch
{
    internal delegate void PatchKernel(Device device, Plane pixels, Plane folded, int patch, bool fold);

    internal delegate void FrameKernel(Device device, Tensor first, Plane last, bool toLast);

    // Order is preference. ENGINE_FORCE_PIXELPATCH / ENGINE_FORCE_CHANNELORDER=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<PatchKernel> Patches = new("PixelPatch")
    {
        { "CpuRows", CpuRows, (d, _) => d.IsCpu },
        { "GpuValuePerThread", GpuPatch, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", ReferencePatch, (d, _) => d.IsCpu },
    };

    internal static readonly VariantTable<FrameKernel> Frames = new("ChannelOrder")
    {
        { "CpuPixels", CpuPixels, (d, _) => d.IsCpu },
        { "GpuValuePerThread", GpuFrame, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", ReferenceFrame, (d, _) => d.IsCpu },
    };

    /// <summary>Folds patches into channels: x [H p, W p, C] to y [H, W, C p p]; with p = 1 this copies.</summary>
    public static void Fold(Device device, Plane x, Plane y, int patch)
    {
        Check(x, y, patch);
        if (!device.Skips("PixelFold", 0, Bytes(x)))
        {
            Patches.Pick(device, x.Values.Shape).Invoke(device, x, y, patch, true);
            device.Done();
        }
    }

    /// <summary>Unfolds channels into patches: x [H, W, C p p] to y [H p, W p, C]; with p = 1 this copies.</summary>
    public static void Unfold(Device device, Plane x, Plane y, int patch)
    {
        Check(y, x, patch);
        if (!device.Skips("PixelUnfold", 0, Bytes(x)))
        {
            Patches.Pick(device, x.Values.Shape).Invoke(device, y, x, patch, false);
            device.Done();
        }
    }

    /// <summary>Copies the inside of a plane into another of the same size, whatever their borders.</summary>
    public static void Copy(Device device, Plane x, Plane y) => Fold(device, x, y, 1);

    /// <summary>One frame of a channel-first tensor to channels last: x [C, H, W] to y [H, W, C].</summary>
    public static void ChannelsLast(Device device, Tensor x, Plane y)
    {
        CheckFrame(x, y);
        if (!device.Skips(nameof(ChannelsLast), 0, Bytes(y)))
        {
            Frames.Pick(device, x.Shape).Invoke(device, x, y, true);
            device.Done();
        }
    }

    /// <summary>One frame of channels last to a channel-first tensor: x [H, W, C] to y [C, H, W].</summary>
    public static void ChannelsFirst(Device device, Plane x, Tensor y)
    {
        CheckFrame(y, x);
        if (!device.Skips(nameof(ChannelsFirst), 0, Bytes(x)))
        {
            Frames.Pick(device, y.Shape).Invoke(device, y, x, false);
            device.Done();
        }
    }

    static double Bytes(Plane x) => 8.0 * x.Height * x.Width * x.Channels;

    static void Check(Plane pixels, Plane folded, int patch)
    {
        if (patch < 1 || pixels.Height != folded.Height * patch || pixels.Width != folded.Width * patch
            || folded.Channels != pixels.Channels * patch * patch)
        {
            throw new ArgumentException($"Pixels {pixels} in patches of {patch} x {patch} do not fit {folded}.");
        }
    }

    static void CheckFrame(Tensor first, Plane last)
    {
        if (first.Shape.Rank < 3 || first.Count != (long)last.Height * last.Width * last.Channels
            || first.Shape[0] != last.Channels || first.Shape[-2] != last.Height || first.Shape[-1] != last.Width)
        {
            throw new ArgumentException($"A channel-first frame {first.Shape} does not fit {last}.");
        }
    }
}
