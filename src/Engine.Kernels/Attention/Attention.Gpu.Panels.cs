using System.Runtime.CompilerServices;
using Engine.Kernels.Gpu;
using ILGPU;

namespace Engine.Kernels;

/// <content>For devices that are the host's cores: one thread per group and per block of queries of a head, on panels as in <see cref="PanelSums"/>.</content>
public static partial class Attention
{
    // Shared memory in all: 45.6 KiB of the 48 that every device has.
    const int PanelQueries = 48;
    const int PanelKeys = 64;
    const int PanelDepth = 128;
    const int PanelFloats = 6144;

    // Wider heads leave no room for the results of four queries.
    const int WidestPanels = PanelFloats / 4;

    static void Panels(
        ArrayView<float> q,
        ArrayView<float> k,
        ArrayView<float> v,
        ArrayView<float> y,
        ArrayView<float> bias,
        int queries,
        int keys,
        int heads,
        int depth,
        float factor,
        float lastKeyBonus,
        int form,
        int block)
    {
        var panel = SharedMemory.Allocate<float>(PanelDepth * PanelSums.Width);
        var scores = SharedMemory.Allocate<float>(PanelQueries * PanelKeys);
        var sums = SharedMemory.Allocate<float>(PanelFloats);
        var tops = SharedMemory.Allocate<float>(PanelQueries);
        var totals = SharedMemory.Allocate<float>(PanelQueries);
        var corrections = SharedMemory.Allocate<float>(PanelQueries);
        int blocks = (queries + block - 1) / block;
        int head = Grid.IdxX / blocks;
        int first = Grid.IdxX % blocks * block;
        int rows = IntrinsicMath.Min(block, queries - first);
        int padded = (depth + PanelSums.Width - 1) / PanelSums.Width * PanelSums.Width;
        long width = (long)heads * depth;
        long column = (long)head * depth;
        bool aligned = (form & Aligned) != 0;
        var panel8 = panel.Cast<F8>();
        var scores8 = scores.Cast<F8>();
        var sums8 = sums.Cast<F8>();
        for (int m = 0; m < rows; m++)
        {
            tops[m] = NoScore;
            totals[m] = 0;
        }

        for (int start = 0; start < keys; start += PanelKeys)
        {
            int count = IntrinsicMath.Min(PanelKeys, keys - start);
            for (int n = 0; n < count; n += PanelSums.Width)
            {
                for (int d0 = 0; d0 < depth; d0 += PanelDepth)
                {
                    int now = IntrinsicMath.Min(PanelDepth, depth - d0);
                    for (int c = 0; c < PanelSums.Width; c++)
                    {
                        // Keys beyond the last one repeat it; their scores are taken out below.
                        long at = (IntrinsicMath.Min(start + n + c, keys - 1) * width) + column + d0;
                        for (int d = 0; d < now; d += 8)
                        {
                            PanelSums.Pack(panel, (d * PanelSums.Width) + c, StoredF32.Eight(k, at + d, now - d, aligned));
                        }
                    }

                    for (int m = 0; m < rows; m += 4)
                    {
                        long x0 = ((first + m) * width) + column + d0;
                        long x1 = m + 1 < rows ? x0 + width : x0;
                        long x2 = m + 2 < rows ? x1 + width : x0;
                        long x3 = m + 3 < rows ? x2 + width : x0;
                        var products = PanelSums.Of(panel8, now, q, x0, x1, x2, x3);
                        products.Store(scores8, ((m * PanelKeys) + n) / 8, PanelKeys / 8, factor, d0 > 0);
                    }
                }
            }

            for (int m = 0; m < rows; m++)
            {
                if ((form & HasBias) != 0)
                {
                    long biasAt = ((((long)head * queries) + first + m) * keys) + start;
                    for (int c = 0; c < count; c++)
                    {
                        scores[(m * PanelKeys) + c] += bias[biasAt + c] * DeviceMath.Log2E;
                    }
                }

                scores[(m * PanelKeys) + count - 1] += start + count == keys ? lastKeyBonus : 0;
                for (int c = count; c < (count + 7) / 8 * 8; c++)
                {
                    scores[(m * PanelKeys) + c] = float.NegativeInfinity;
                }

                Softmax(scores8, m * PanelKeys / 8, (count + 7) / 8, tops, totals, corrections, m);
            }

            for (int d0 = 0; d0 < padded; d0 += PanelSums.Width)
            {
                for (int j = 0; j < count; j++)
                {
                    long at = ((start + j) * width) + column + d0;
                    panel8[2 * j] = StoredF32.Eight(v, at, depth - d0, aligned);
                    panel8[(2 * j) + 1] = StoredF32.Eight(v, at + 8, depth - d0 - 8, aligned);
                }

                for (int m = 0; m < rows; m += 4)
                {
                    int m1 = IntrinsicMath.Min(m + 1, rows - 1);
                    int m2 = IntrinsicMath.Min(m + 2, rows - 1);
                    int m3 = IntrinsicMath.Min(m + 3, rows - 1);
                    var products = PanelSums.Of(panel8, count, scores, m * PanelKeys, m1 * PanelKeys, m2 * PanelKeys, m3 * PanelKeys);
                    products.Update(
                        sums8, ((m * padded) + d0) / 8, padded / 8, corrections[m], corrections[m1], corrections[m2], corrections[m3], start > 0);
                }
            }
        }

        for (int m = 0; m < rows; m++)
        {
            float share = 1 / totals[m];
            for (int d = 0; d < depth; d++)
            {
                y[((first + m) * width) + column + d] = sums[(m * padded) + d] * share;
            }
        }
    }

    /// <summary>Turns scores of one query into weights under the highest score so far, eight at a time.</summary>
    static void Softmax(ArrayView<F8> scores, int at, int eights, ArrayView<float> tops, ArrayView<float> totals, ArrayView<float> corrections, int m)
    {
        float top = tops[m];
        var high = scores[at];
        for (int c = 1; c < eights; c++)
        {
            high = F8.Max(high, scores[at + c]);
        }

        float highest = F8.Highest(high);
        highest = highest > top ? highest : top;
        F8 sum = default;
        for (int c = 0; c < eights; c++)
        {
            var weights = Exp2OfNegative(scores[at + c], highest);
            scores[at + c] = weights;
            sum = F8.Add(sum, weights);
        }

        float correction = DeviceMath.Exp2OfNegative(top - highest);
        tops[m] = highest;
        corrections[m] = correction;
        totals[m] = (totals[m] * correction) + F8.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static F8 Exp2OfNegative(F8 v, float highest)
    {
        v.V0 = DeviceMath.Exp2OfNegative(v.V0 - highest);
        v.V1 = DeviceMath.Exp2OfNegative(v.V1 - highest);
        v.V2 = DeviceMath.Exp2OfNegative(v.V2 - highest);
        v.V3 = DeviceMath.Exp2OfNegative(v.V3 - highest);
        v.V4 = DeviceMath.Exp2OfNegative(v.V4 - highest);
        v.V5 = DeviceMath.Exp2OfNegative(v.V5 - highest);
        v.V6 = DeviceMath.Exp2OfNegative(v.V6 - highest);
        v.V7 = DeviceMath.Exp2OfNegative(v.V7 - highest);
        return v;
    }
}
