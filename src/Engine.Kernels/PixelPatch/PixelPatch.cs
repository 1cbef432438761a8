using System.Runtime.CompilerServices;

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

        Transpose(x.Pointer, y, toLast: true);
    }

    /// <summary>One frame of channels last to a channel-first tensor: x [H, W, C] to y [C, H, W].</summary>
    public static void ChannelsFirst(Device device, Plane x, Tensor y)
    {
        CheckFrame(y, x);
        if (device.Skips(nameof(ChannelsFirst), 0, Bytes(x)))
        {
            return;
        }

        Transpose(y.Pointer, x, toLast: false);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Transpose(float* first, Plane last, bool toLast)
    {
        int channels = last.Channels;
        int width = last.Width;
        for (int c = 0; c < channels; c++)
        {
            for (int row = 0; row < last.Height; row++)
            {
                float* deep = last.At(row, 0) + c;
                for (int column = 0; column < width; column++, first++, deep += channels)
                {
                    if (toLast)
                    {
                        *deep = *first;
                    }
                    else
                    {
                        *first = *deep;
                    }
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

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

                for (int dy = 0; dy < patch; dy++)
                {
                    MoveRow(folded.At(row, 0) + dy, pixels.At((row * patch) + dy, 0));
                }
            }
        }

        // One row of pixels: channel c of column dx of a patch is value (c p + dx) p + dy of the folded pixel.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void MoveRow(float* deep, float* pixel)
        {
            int channels = pixels.Channels;
            int size = patch;
            int width = folded.Width;
            int depth = folded.Channels;
            for (int column = 0; column < width; column++, deep += depth)
            {
                for (int dx = 0; dx < size; dx++)
                {
                    for (int c = 0; c < channels; c++, pixel++)
                    {
                        float* value = deep + (((c * size) + dx) * size);
                        if (fold)
                        {
                            *value = *pixel;
                        }
                        else
                        {
                            *pixel = *value;
                        }
                    }
                }
            }
        }
    }
}
