namespace Engine.Kernels;

/// <summary>Moves pixels: patches into channels and back, and channel-first latents into channels-last planes and back.</summary>
/// <remarks>
/// A patch of p x p pixels with C channels becomes one pixel with C p p channels, in the order (c, x inside the patch, y inside).
/// Cost: reads and writes every value once. Exact: values are only copied; so there is one variant per device.
/// </remarks>
public static unsafe class PixelPatch
{
    /// <summary>Folds patches into channels: x [H p, W p, C] to y [H, W, C p p]; with p = 1 this copies.</summary>
    public static void Fold(Device device, Plane x, Plane y, int patch)
    {
        Check(x, y, patch);
        if (!device.Skips("PixelFold", 0, Bytes(x)))
        {
            RunRows(device, new PatchJob(y, x, patch, fold: true));
        }
    }

    /// <summary>Unfolds channels into patches: x [H, W, C p p] to y [H p, W p, C]; with p = 1 this copies.</summary>
    public static void Unfold(Device device, Plane x, Plane y, int patch)
    {
        Check(y, x, patch);
        if (!device.Skips("PixelUnfold", 0, Bytes(x)))
        {
            RunRows(device, new PatchJob(x, y, patch, fold: false));
        }
    }

    /// <summary>Copies the inside of a plane into another of the same size, whatever their borders.</summary>
    public static void Copy(Device device, Plane x, Plane y) => Fold(device, x, y, 1);

    /// <summary>One frame of a channel-first tensor to channels last: x [C, H, W] to y [H, W, C].</summary>
    public static void ChannelsLast(Device device, Tensor x, Plane y)
    {
        CheckFrame(x, y);
        if (device.Skips(nameof(ChannelsLast), 0, Bytes(y)))
        {
            return;
        }

        float* from = x.Pointer;
        for (int c = 0; c < y.Channels; c++)
        {
            for (int row = 0; row < y.Height; row++)
            {
                float* to = y.At(row, 0) + c;
                for (int column = 0; column < y.Width; column++)
                {
                    to[(nint)column * y.Channels] = *from++;
                }
            }
        }
    }

    /// <summary>One frame of channels last to a channel-first tensor: x [H, W, C] to y [C, H, W].</summary>
    public static void ChannelsFirst(Device device, Plane x, Tensor y)
    {
        CheckFrame(y, x);
        if (device.Skips(nameof(ChannelsFirst), 0, Bytes(x)))
        {
            return;
        }

        float* to = y.Pointer;
        for (int c = 0; c < x.Channels; c++)
        {
            for (int row = 0; row < x.Height; row++)
            {
                float* from = x.At(row, 0) + c;
                for (int column = 0; column < x.Width; column++)
                {
                    *to++ = from[(nint)column * x.Channels];
                }
            }
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

    static void RunRows(Device device, PatchJob job) => ((CpuDevice)device).Pool.Run(job.Parts, ref job);

    readonly struct PatchJob(Plane folded, Plane pixels, int patch, bool fold) : IPartitioned
    {
        readonly RowSplit _split = new(folded.Height, (long)folded.Width * folded.Channels);

        public int Parts => _split.Parts;

        public void Run(int part)
        {
            for (int row = _split.Start(part); row < _split.End(part); row++)
            {
                if (patch == 1)
                {
                    var (from, to) = fold ? (pixels, folded) : (folded, pixels);
                    long bytes = (long)from.Width * from.Channels * sizeof(float);
                    Buffer.MemoryCopy(from.At(row, 0), to.At(row, 0), bytes, bytes);
                    continue;
                }

                for (int column = 0; column < folded.Width; column++)
                {
                    MovePatch(row, column);
                }
            }
        }

        void MovePatch(int row, int column)
        {
            float* deep = folded.At(row, column);
            for (int c = 0; c < pixels.Channels; c++)
            {
                for (int dx = 0; dx < patch; dx++)
                {
                    for (int dy = 0; dy < patch; dy++, deep++)
                    {
                        float* pixel = pixels.At((row * patch) + dy, (column * patch) + dx) + c;
                        if (fold)
                        {
                            *deep = *pixel;
                        }
                        else
                        {
                            *pixel = *deep;
                        }
                    }
                }
            }
        }
    }
}
