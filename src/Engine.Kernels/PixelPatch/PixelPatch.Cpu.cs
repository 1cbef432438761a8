using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <content>Rows of folded pixels shared out over the threads.</content>
public static unsafe partial class PixelPatch
{
    static void CpuRows(Device device, Plane pixels, Plane folded, int patch, bool fold)
    {
        var job = new PatchJob(folded, pixels, patch, fold);
        ((CpuDevice)device).Pool.Run(job.Parts, ref job);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void CpuPixels(Device device, Tensor tensor, Plane last, bool toLast)
    {
        float* first = tensor.Pointer;
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
