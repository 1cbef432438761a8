using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <content>From planes to transformed tiles.</content>
public static unsafe partial class Convolution
{
    readonly partial struct WinogradJob<TTile, TForm, TLanes>
    {
        static int Side => TForm.Side;

        // inputs: [point][tile][frame][channel], frames of zeros left out.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void TransformInputs(int first, int count, float* inputs, float* patch)
        {
            int frames = call.Weight.Kind.Frames();
            int skipped = call.X.SkippedTaps(frames);
            int channels = call.Weight.Inputs;
            float* rows = stackalloc float[6 * 6 * 16];
            for (int t = skipped; t < frames; t++)
            {
                var plane = call.X.ByTap(t, frames);
                for (int i = 0; i < count; i++)
                {
                    var (y, x) = Origin(first + i);
                    float* to = inputs + ((nint)i * blocks.Steps) + ((t - skipped) * channels);
                    float* from = plane.At(y - 1, x - 1);
                    nint row = (nint)plane.Pitch * channels;
                    if (!IsInside(plane, y, x))
                    {
                        CopyPatch(plane, y, x, patch);
                        from = patch;
                        row = Side * channels;
                    }

                    for (int c = 0; c < channels; c += TLanes.Width)
                    {
                        TransformTile(from + c, row, channels, rows, to + c);
                    }
                }
            }
        }

        // inputs: [point in time][point][tile][channel]. For a pair the frames d are transformed in time by B^T of F(2, 3). For a single
        // frame they are taken as they are; if its weights are those of a pair, the middle tap is the difference of two of them.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void TransformFrames(int first, int count, float* inputs, float* patch)
        {
            int channels = call.Weight.Inputs;
            nint perSet = blocks.Points * blocks.InputStride;
            float* mixed = stackalloc float[4 * 6 * 6 * 16];
            float* rows = stackalloc float[6 * 6 * 16];
            float** from = stackalloc float*[4];
            for (int i = 0; i < count; i++)
            {
                var (y, x) = Origin(first + i);
                nint row = FindFrames(y, x, patch, from);
                for (int c = 0; c < channels; c += TLanes.Width)
                {
                    for (int dy = 0; dy < Side; dy++)
                    {
                        for (int dx = 0; dx < Side; dx++)
                        {
                            Mix(from, (dy * row) + ((nint)dx * channels), c, mixed + (((dy * Side) + dx) * TLanes.Width));
                        }
                    }

                    float* to = inputs + ((nint)i * blocks.Steps) + c;
                    for (int set = blocks.FirstSet; set < blocks.Sets; set++)
                    {
                        TransformTile(mixed + (set * 36 * TLanes.Width), Side * TLanes.Width, TLanes.Width, rows, to + (set * perSet));
                    }
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Mix(float** from, nint pixel, int c, float* to)
        {
            int set = 36 * TLanes.Width;
            nint at = pixel + c;
            TLanes d0, d1;
            if (call.X.Previous.IsPacked)
            {
                d0 = from[0] is null ? TLanes.All(0) : LoadPacked(from[0], pixel, c);
                d1 = LoadPacked(from[1], pixel, c);
            }
            else
            {
                d0 = from[0] is null ? TLanes.All(0) : TLanes.Load(from[0] + at);
                d1 = from[1] is null ? TLanes.All(0) : TLanes.Load(from[1] + at);
            }

            var d2 = TLanes.Load(from[2] + at);
            if (blocks.Sets == 3)
            {
                d0.Store(to);
                d1.Store(to + set);
                d2.Store(to + (2 * set));
                return;
            }

            if (from[3] is null)
            {
                d0.Store(to);
                d1.Store(to + set);
                (TLanes.All(0) - d1).Store(to + (2 * set));
                d2.Store(to + (3 * set));
                return;
            }

            var d3 = TLanes.Load(from[3] + at);
            (d0 - d2).Store(to);
            (d1 + d2).Store(to + set);
            (d2 - d1).Store(to + (2 * set));
            (d3 - d1).Store(to + (3 * set));
        }

        // Pixels of packed planes lie three quarters as far apart.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        TLanes LoadPacked(float* from, nint pixel, int c)
        {
            byte* at = (byte*)(from + (pixel / 4 * 3));
            return TLanes.Load((ushort*)at + c, at + (2 * call.Weight.Inputs) + c);
        }

        // First values of a tile in each frame, null for frames that are not there; returns the values from row to row.
        nint FindFrames(int y, int x, float* patch, float** from)
        {
            int channels = call.Weight.Inputs;
            bool inside = IsInside(call.X.Current, y, x);
            for (int t = 0; t < 4; t++)
            {
                var plane = t < 3 ? call.X.ByTap(t, 3) : call.Next;
                from[t] = null;
                if (plane.IsEmpty)
                {
                    continue;
                }

                from[t] = plane.At(y - 1, x - 1);
                if (!inside)
                {
                    from[t] = patch + ((nint)t * Side * Side * channels);
                    CopyPatch(plane, y, x, from[t]);
                }
            }

            return (nint)(inside ? call.X.Current.Pitch : Side) * channels;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void TransformTile(float* from, nint row, nint pixel, float* rows, float* to)
        {
            for (int y = 0; y < Side; y++)
            {
                TForm.Input<TLanes>(from + (y * row), pixel, rows + (y * Side * TLanes.Width), TLanes.Width);
            }

            for (int x = 0; x < Side; x++)
            {
                TForm.Input<TLanes>(rows + (x * TLanes.Width), Side * TLanes.Width, to + (x * blocks.InputStride), Side * blocks.InputStride);
            }
        }

        // Pixel of the plane that a tile's outputs begin at; its inputs begin one before.
        (int Y, int X) Origin(int tile) => (tile / blocks.TilesAcross * TForm.Step, tile % blocks.TilesAcross * TForm.Step);

        static bool IsInside(Plane plane, int y, int x) => y + Side <= plane.Height + 2 && x + Side <= plane.Width + 2;

        // A tile at the right or lower edge: what lies beyond the border counts as zero.
        static void CopyPatch(Plane plane, int y, int x, float* patch)
        {
            int channels = plane.Spread;
            for (int dy = 0; dy < Side; dy++)
            {
                for (int dx = 0; dx < Side; dx++)
                {
                    var to = new Span<float>(patch + (((dy * Side) + dx) * channels), channels);
                    if (y + dy < plane.Height + 2 && x + dx < plane.Width + 2)
                    {
                        new Span<float>(plane.At(y + dy - 1, x + dx - 1), channels).CopyTo(to);
                    }
                    else
                    {
                        to.Clear();
                    }
                }
            }
        }
    }
}
