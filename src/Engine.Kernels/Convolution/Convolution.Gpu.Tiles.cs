using System.Runtime.CompilerServices;
using Engine.Kernels.Gpu;
using ILGPU;

namespace Engine.Kernels;

/// <content>Tiles of 128 pixels by 64 or 96 outputs, one per group; eight by eight sums lie in each thread's registers.</content>
public static partial class Convolution
{
    const int TilePixels = 128;
    const int TileDepth = 16;

    // Four floats more than pixels, so that the values of a block are written to different banks.
    const int TilePitch = TilePixels + 4;

    internal interface ITileWidth
    {
        /// <summary>Outputs of a tile, a multiple of 32.</summary>
        static abstract int Outputs { get; }
    }

    internal readonly struct Tile64 : ITileWidth
    {
        public static int Outputs => 64;
    }

    /// <summary>Fits the 96, 192 and 384 channels of VAE 2.1.</summary>
    internal readonly struct Tile96 : ITileWidth
    {
        public static int Outputs => 96;
    }

    // Eight pixels and eight outputs for each thread.
    static int TileThreads<TWidth>()
        where TWidth : struct, ITileWidth => TilePixels / 8 * TWidth.Outputs / 8;

    static void Tiles<TWidth>(
        ArrayView<float> current,
        ArrayView<float> previous,
        ArrayView<float> oldest,
        ArrayView<float> weights,
        ArrayView<float> bias,
        ArrayView<float> residual,
        ArrayView<float> y,
        ConvShape shape)
        where TWidth : struct, ITileWidth
    {
        var xs = SharedMemory.Allocate<float>(TileDepth * TilePitch);
        var ws = SharedMemory.Allocate<float>(TileDepth * TWidth.Outputs);
        var xs4 = xs.Cast<F4>();
        var ws4 = ws.Cast<F4>();
        int thread = Group.IdxX;
        int across = Parts(shape.Outputs, TWidth.Outputs);
        int tiles = Parts(shape.Pixels, TilePixels);
        int n0 = Grid.IdxX % across * TWidth.Outputs;
        int m0 = Grid.IdxX / across % tiles * TilePixels;
        int phase = Grid.IdxX / across / tiles;

        // A thread loads four inputs of each of three or four pixels, and four outputs' weights of one step in two panels.
        int quad = (thread & 3) * 4;
        int line = thread >> 2;
        int lines = TileThreads<TWidth>() / 4;
        bool fourth = line + (3 * lines) < TilePixels;
        bool third = line + (2 * lines) < TilePixels;
        int last = shape.Pixels - 1;
        long x0 = quad + shape.InputAt(IntrinsicMath.Min(m0 + line, last), phase);
        long x1 = quad + shape.InputAt(IntrinsicMath.Min(m0 + line + lines, last), phase);
        long x2 = quad + shape.InputAt(IntrinsicMath.Min(m0 + line + (2 * lines), last), phase);
        long x3 = quad + shape.InputAt(IntrinsicMath.Min(m0 + line + (3 * lines), last), phase);
        int step = (thread & 63) >> 2;
        int panel = (n0 / ConvWeight.PanelWidth) + (thread >> 6);
        int toW = (step * TWidth.Outputs / 4) + (thread >> 6 << 2) + (thread & 3);
        int panelsApart = TWidth.Outputs / 32;
        int skipped = shape.FirstFrame * shape.Rows * shape.RunLength * ConvWeight.PanelWidth;
        int w0 = ((shape.PanelAt(phase, panel) + skipped) >> 2) + (thread & 63);
        int w1 = ((shape.PanelAt(phase, panel + panelsApart) + skipped) >> 2) + (thread & 63);
        int stepsOf0 = panel < shape.Panels ? shape.RunLength - step : 0;
        int stepsOf1 = panel + panelsApart < shape.Panels ? shape.RunLength - step : 0;
        var weights4 = weights.Cast<F4>();
        bool aligned = shape.AlignedX != 0;
        int down = (shape.X.Width + (2 * shape.X.Border)) * shape.Inputs;

        // Pixels 4 below .. + 3 and 64 more, outputs 4 right .. + 3 and half a tile more: reads without conflicts of banks.
        const int Half = TilePixels / 2;
        int right = thread % (TWidth.Outputs / 8);
        int below = thread / (TWidth.Outputs / 8);
        F8 s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (int t = shape.FirstFrame; t < shape.Frames; t++)
        {
            var x = t == shape.Frames - 1 ? current : t == shape.Frames - 2 ? previous : oldest;
            long at = 0;
            for (int row = 0; row < shape.Rows; row++, at += down)
            {
                for (int k = 0; k < shape.RunLength; k += TileDepth)
                {
                    int left = shape.RunLength - k - quad;
                    var v0 = Four(x, x0 + at + k, left, aligned);
                    var v1 = Four(x, x1 + at + k, left, aligned);
                    var v2 = Four(x, x2 + at + k, third ? left : 0, aligned);
                    var v3 = Four(x, x3 + at + k, fourth ? left : 0, aligned);
                    F4 u0 = default;
                    F4 u1 = default;
                    if (k < stepsOf0)
                    {
                        u0 = weights4[w0];
                    }

                    if (k < stepsOf1)
                    {
                        u1 = weights4[w1];
                    }

                    int steps = IntrinsicMath.Min(TileDepth, shape.RunLength - k);
                    w0 += steps * (ConvWeight.PanelWidth / 4);
                    w1 += steps * (ConvWeight.PanelWidth / 4);
                    Group.Barrier();
                    Scatter(xs, (quad * TilePitch) + line, v0);
                    Scatter(xs, (quad * TilePitch) + line + lines, v1);
                    if (third)
                    {
                        Scatter(xs, (quad * TilePitch) + line + (2 * lines), v2);
                    }

                    if (fourth)
                    {
                        Scatter(xs, (quad * TilePitch) + line + (3 * lines), v3);
                    }

                    ws4[toW] = u0;
                    ws4[toW + (panelsApart * ConvWeight.PanelWidth / 4)] = u1;
                    Group.Barrier();
                    for (int d = 0; d < TileDepth; d++)
                    {
                        var low = ws4[(d * (TWidth.Outputs / 4)) + right];
                        var high = ws4[(d * (TWidth.Outputs / 4)) + right + (TWidth.Outputs / 8)];
                        var upper = xs4[(d * (TilePitch / 4)) + below];
                        var lower = xs4[(d * (TilePitch / 4)) + below + (Half / 4)];
                        s0 = F8.MultiplyAdd(upper.V0, low, high, s0);
                        s1 = F8.MultiplyAdd(upper.V1, low, high, s1);
                        s2 = F8.MultiplyAdd(upper.V2, low, high, s2);
                        s3 = F8.MultiplyAdd(upper.V3, low, high, s3);
                        s4 = F8.MultiplyAdd(lower.V0, low, high, s4);
                        s5 = F8.MultiplyAdd(lower.V1, low, high, s5);
                        s6 = F8.MultiplyAdd(lower.V2, low, high, s6);
                        s7 = F8.MultiplyAdd(lower.V3, low, high, s7);
                    }
                }
            }
        }

        for (int r = 0; r < 8; r++)
        {
            var s = r < 4 ? r < 2 ? r == 0 ? s0 : s1 : r == 2 ? s2 : s3 : r < 6 ? r == 4 ? s4 : s5 : r == 6 ? s6 : s7;
            int m = m0 + (r < 4 ? 0 : Half) + (below * 4) + (r & 3);
            if (m < shape.Pixels)
            {
                long to = shape.OutputAt(shape.Y, m, phase);
                long from = shape.HasResidual == 0 ? 0 : shape.OutputAt(shape.Residual, m, phase);
                int n = n0 + (right * 4);
                Store(bias, residual, from, y, to, n, s.V0, s.V1, s.V2, s.V3, shape);
                Store(bias, residual, from, y, to, n + (TWidth.Outputs / 2), s.V4, s.V5, s.V6, s.V7, shape);
            }
        }
    }

    // Up to four values of a row of taps, of which so many are left.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static F4 Four(ArrayView<float> x, long at, int left, bool aligned)
    {
        F4 v = default;
        if (aligned)
        {
            if (left > 0)
            {
                v = x.Cast<F4>()[at >> 2];
            }

            return v;
        }

        v.V0 = left > 0 ? x[at] : 0;
        v.V1 = left > 1 ? x[at + 1] : 0;
        v.V2 = left > 2 ? x[at + 2] : 0;
        v.V3 = left > 3 ? x[at + 3] : 0;
        return v;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Scatter(ArrayView<float> to, int at, F4 v)
    {
        to[at] = v.V0;
        to[at + TilePitch] = v.V1;
        to[at + (2 * TilePitch)] = v.V2;
        to[at + (3 * TilePitch)] = v.V3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(
        ArrayView<float> bias, ArrayView<float> residual, long from, ArrayView<float> y, long to, int n, float v0, float v1, float v2, float v3, ConvShape shape)
    {
        if (shape.AlignedY != 0 && n < shape.Outputs)
        {
            F4 v = bias.Cast<F4>()[n >> 2];
            v.V0 += v0;
            v.V1 += v1;
            v.V2 += v2;
            v.V3 += v3;
            if (shape.HasResidual != 0)
            {
                var old = residual.Cast<F4>()[(from + n) >> 2];
                v.V0 += old.V0;
                v.V1 += old.V1;
                v.V2 += old.V2;
                v.V3 += old.V3;
            }

            y.Cast<F4>()[(to + n) >> 2] = v;
        }
        else if (shape.AlignedY == 0)
        {
            StoreOne(bias, residual, from, y, to, n, v0, shape);
            StoreOne(bias, residual, from, y, to, n + 1, v1, shape);
            StoreOne(bias, residual, from, y, to, n + 2, v2, shape);
            StoreOne(bias, residual, from, y, to, n + 3, v3, shape);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreOne(ArrayView<float> bias, ArrayView<float> residual, long from, ArrayView<float> y, long to, int n, float v, ConvShape shape)
    {
        if (n < shape.Outputs)
        {
            v += bias[n];
            y[to + n] = shape.HasResidual == 0 ? v : v + residual[from + n];
        }
    }
}
