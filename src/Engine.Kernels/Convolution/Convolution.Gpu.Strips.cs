using Engine.Kernels.Gpu;
using ILGPU;

namespace Engine.Kernels;

/// <content>For devices that are the host's cores: one thread per group, which takes a panel of 16 outputs over a strip of pixels.</content>
/// <remarks>
/// Shared memory is this thread's scratch for sums, without a barrier; the weights of a block stay in the first-level cache while
/// the strip's pixels pass. The driver's compiler makes vectors of the sums of a pixel.
/// </remarks>
public static partial class Convolution
{
    const int StripPixels = 96;
    const int StripDepth = 256;

    static void Strips(
        ArrayView<float> current,
        ArrayView<float> previous,
        ArrayView<float> oldest,
        ArrayView<float> weights,
        ArrayView<float> bias,
        ArrayView<float> residual,
        ArrayView<float> y,
        ConvShape shape)
    {
        var sums = SharedMemory.Allocate<float>(StripPixels * ConvWeight.PanelWidth);
        int panels = shape.Panels;
        int panel = Grid.IdxX % panels;
        int strips = Parts(shape.Pixels, StripPixels);
        int strip = Grid.IdxX / panels % strips;
        int phase = Grid.IdxX / panels / strips;
        int first = strip * StripPixels;
        int count = IntrinsicMath.Min(StripPixels, shape.Pixels - first);
        int weightsAt = shape.PanelAt(phase, panel) + (shape.FirstFrame * shape.Rows * shape.RunLength * ConvWeight.PanelWidth);
        var sums8 = sums.Cast<F8>();
        for (int i = 0; i < 2 * StripPixels; i++)
        {
            sums8[i] = default;
        }

        for (int t = shape.FirstFrame; t < shape.Frames; t++)
        {
            var x = t == shape.Frames - 1 ? current : t == shape.Frames - 2 ? previous : oldest;
            for (int row = 0; row < shape.Rows; row++)
            {
                long down = (long)row * (shape.X.Width + (2 * shape.X.Border)) * shape.Inputs;
                for (int k = 0; k < shape.RunLength; k += StripDepth)
                {
                    int depth = IntrinsicMath.Min(StripDepth, shape.RunLength - k);
                    AddBlock(x, down + k, weights, weightsAt, depth, sums, first, count, phase, shape);
                    weightsAt += depth * ConvWeight.PanelWidth;
                }
            }
        }

        int n0 = panel * ConvWeight.PanelWidth;
        int width = IntrinsicMath.Min(ConvWeight.PanelWidth, shape.Outputs - n0);
        for (int m = 0; m < count; m++)
        {
            long to = shape.OutputAt(shape.Y, first + m, phase) + n0;
            long from = shape.HasResidual == 0 ? 0 : shape.OutputAt(shape.Residual, first + m, phase) + n0;
            for (int n = 0; n < width; n++)
            {
                float v = sums[(m * ConvWeight.PanelWidth) + n] + bias[n0 + n];
                y[to + n] = shape.HasResidual == 0 ? v : v + residual[from + n];
            }
        }
    }

    // Four pixels at a time; those beyond the last one repeat it.
    static void AddBlock(
        ArrayView<float> x, long at, ArrayView<float> weights, int weightsAt, int depth, ArrayView<float> sums, int first, int count, int phase, ConvShape shape)
    {
        var weights8 = weights.Cast<F8>();
        var sums8 = sums.Cast<F8>();
        int w8 = weightsAt / 8;
        for (int m = 0; m < count; m += 4)
        {
            int last = count - 1 - m;
            long x0 = at + shape.InputAt(first + m, phase);
            long x1 = at + shape.InputAt(first + m + IntrinsicMath.Min(last, 1), phase);
            long x2 = at + shape.InputAt(first + m + IntrinsicMath.Min(last, 2), phase);
            long x3 = at + shape.InputAt(first + m + IntrinsicMath.Min(last, 3), phase);
            int s = 2 * m;
            F8 a0 = sums8[s], b0 = sums8[s + 1];
            F8 a1 = sums8[s + 2], b1 = sums8[s + 3];
            F8 a2 = sums8[s + 4], b2 = sums8[s + 5];
            F8 a3 = sums8[s + 6], b3 = sums8[s + 7];
            for (int k = 0; k < depth; k++)
            {
                var low = weights8[w8 + (2 * k)];
                var high = weights8[w8 + (2 * k) + 1];
                float v0 = x[x0 + k];
                float v1 = x[x1 + k];
                float v2 = x[x2 + k];
                float v3 = x[x3 + k];
                a0 = F8.MultiplyAdd(v0, low, a0);
                b0 = F8.MultiplyAdd(v0, high, b0);
                a1 = F8.MultiplyAdd(v1, low, a1);
                b1 = F8.MultiplyAdd(v1, high, b1);
                a2 = F8.MultiplyAdd(v2, low, a2);
                b2 = F8.MultiplyAdd(v2, high, b2);
                a3 = F8.MultiplyAdd(v3, low, a3);
                b3 = F8.MultiplyAdd(v3, high, b3);
            }

            sums8[s] = a0;
            sums8[s + 1] = b0;
            sums8[s + 2] = a1;
            sums8[s + 3] = b1;
            sums8[s + 4] = a2;
            sums8[s + 5] = b2;
            sums8[s + 6] = a3;
            sums8[s + 7] = b3;
        }
    }
}
