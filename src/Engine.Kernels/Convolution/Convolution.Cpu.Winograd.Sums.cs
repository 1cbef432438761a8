using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <content>From sums to planes; bias and residual are added as a pixel is written.</content>
public static unsafe partial class Convolution
{
    readonly partial struct WinogradJob<TTile, TForm, TLanes>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void TransformSums(int first, int count, int firstOutput, int outputs, float* sums)
        {
            int columns = blocks.GroupPanels * ConvWeight.PanelWidth;
            float* two = stackalloc float[2 * 6 * 6 * 16];
            float* rows = stackalloc float[6 * 4 * 16];
            float* done = stackalloc float[4 * 4 * 16];
            for (int i = 0; i < count; i++)
            {
                int y = (first + i) / blocks.TilesAcross * TForm.Outputs;
                int x = (first + i) % blocks.TilesAcross * TForm.Outputs;
                for (int n = 0; n < outputs; n += TLanes.Width)
                {
                    float* from = sums + ((nint)i * columns) + n;
                    if (!call.IsPair)
                    {
                        TransformBack(from, blocks.SumStride, rows, done);
                        Store(done, call.Y, call.Residual, y, x, firstOutput + n);
                        continue;
                    }

                    Unmix(from, two);
                    TransformBack(two, TLanes.Width, rows, done);
                    Store(done, call.Y, call.Residual, y, x, firstOutput + n);
                    TransformBack(two + (36 * TLanes.Width), TLanes.Width, rows, done);
                    Store(done, call.NextOutput.Y, call.NextOutput.Residual, y, x, firstOutput + n);
                }
            }
        }

        // A^T of F(2, 3) in time: from four points to two frames.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Unmix(float* from, float* two)
        {
            nint set = blocks.Points * blocks.SumStride;
            for (int point = 0; point < Side * Side; point++)
            {
                var m1 = TLanes.Load(from + set);
                var m2 = TLanes.Load(from + (2 * set));
                (TLanes.Load(from) + m1 + m2).Store(two);
                (m1 - m2 + TLanes.Load(from + (3 * set))).Store(two + (36 * TLanes.Width));
                from += blocks.SumStride;
                two += TLanes.Width;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void TransformBack(float* from, nint perPoint, float* rows, float* done)
        {
            for (int r = 0; r < Side; r++)
            {
                TForm.Output<TLanes>(from + (r * Side * perPoint), perPoint, rows + (r * TForm.Outputs * TLanes.Width), TLanes.Width);
            }

            for (int column = 0; column < TForm.Outputs; column++)
            {
                TForm.Output<TLanes>(
                    rows + (column * TLanes.Width), TForm.Outputs * TLanes.Width,
                    done + (column * TLanes.Width), TForm.Outputs * TLanes.Width);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Store(float* done, Plane target, Plane residual, int y, int x, int n)
        {
            int outputs = call.Weight.Outputs;
            if (n + TLanes.Width > outputs)
            {
                StoreChannels(done, target, residual, y, x, n);
                return;
            }

            var bias = TLanes.Load(call.Weight.Bias + n);
            int height = Math.Min(TForm.Outputs, target.Height - y);
            int width = Math.Min(TForm.Outputs, target.Width - x);
            for (int dy = 0; dy < height; dy++)
            {
                float* from = done + (dy * TForm.Outputs * TLanes.Width);
                float* to = target.At(y + dy, x) + n;
                float* extra = residual.IsEmpty ? null : residual.At(y + dy, x) + n;
                for (int dx = 0; dx < width; dx++)
                {
                    var value = TLanes.Load(from + (dx * TLanes.Width)) + bias;
                    if (extra is not null)
                    {
                        value += TLanes.Load(extra + ((nint)dx * outputs));
                    }

                    value.Store(to + ((nint)dx * outputs));
                }
            }
        }

        // The last channels, where they do not fill a vector.
        void StoreChannels(float* done, Plane target, Plane residual, int y, int x, int n)
        {
            int rest = call.Weight.Outputs - n;
            for (int dy = 0; dy < Math.Min(TForm.Outputs, target.Height - y); dy++)
            {
                for (int dx = 0; dx < Math.Min(TForm.Outputs, target.Width - x); dx++)
                {
                    float* from = done + (((dy * TForm.Outputs) + dx) * TLanes.Width);
                    float* to = target.At(y + dy, x + dx) + n;
                    float* extra = residual.IsEmpty ? null : residual.At(y + dy, x + dx) + n;
                    for (int c = 0; c < rest; c++)
                    {
                        to[c] = from[c] + call.Weight.Bias[n + c] + (extra is null ? 0 : extra[c]);
                    }
                }
            }
        }
    }
}
