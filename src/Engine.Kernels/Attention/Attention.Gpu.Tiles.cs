using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>A group meets 64 queries of one head with all keys, 64 at a time; scores pass through shared memory, results wait in registers.</content>
/// <remarks>
/// Heads wider than <see cref="TileWidth"/> are cut into slices of the result; each slice makes the scores anew. Scores are powers
/// of two (the factor log2 e is in the scale).
/// </remarks>
public static partial class Attention
{
    const int TileQueries = 64;
    const int TileKeys = 64;
    const int TileThreads = 128;
    const int TileWidth = 128;
    const int TileDepth = 16;

    static void Tiles(
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
        // One after another: inputs of queries and keys, [TileDepth, TileQueries] and [TileDepth, TileKeys]; values, [TileDepth, TileWidth].
        var stage = SharedMemory.Allocate<float>(TileDepth * TileWidth);
        var scores = SharedMemory.Allocate<float>(TileKeys * TileQueries);
        var meeting = SharedMemory.Allocate<float>(TileThreads);
        var corrections = SharedMemory.Allocate<float>(TileQueries);
        int blocks = (queries + block - 1) / block;
        int slices = (depth + TileWidth - 1) / TileWidth;
        int head = Grid.IdxX / blocks / slices;
        int slice = Grid.IdxX / blocks % slices * TileWidth;
        int first = Grid.IdxX % blocks * block;
        long width = (long)heads * depth;
        long column = (long)head * depth;
        bool aligned = (form & Aligned) != 0;
        int thread = Group.IdxX;

        // In the softmax a thread has half of the keys of one query; in the products eight queries and four keys or eight results.
        int line = thread & 63;
        int half = thread >> 6;
        int down = thread >> 4;
        int right = thread & 15;
        float top = NoScore;
        float total = 0;
        F8 o0 = default, o1 = default, o2 = default, o3 = default, o4 = default, o5 = default, o6 = default, o7 = default;
        for (int start = 0; start < keys; start += TileKeys)
        {
            F8 s0 = default, s1 = default, s2 = default, s3 = default;
            for (int d0 = 0; d0 < depth; d0 += TileDepth)
            {
                int d = d0 + (half * 8);
                F8 fromQ = default;
                F8 fromK = default;
                if (first + line < queries)
                {
                    fromQ = StoredF32.Eight(q, ((first + line) * width) + column + d, depth - d, aligned);
                }

                if (start + line < keys)
                {
                    fromK = StoredF32.Eight(k, ((start + line) * width) + column + d, depth - d, aligned);
                }

                Group.Barrier();
                Scatter(stage, (half * 8 * TileQueries) + line, fromQ);
                Scatter(stage, ((TileDepth + (half * 8)) * TileQueries) + line, fromK);
                Group.Barrier();
                var four = stage.Cast<F4>();
                for (int i = 0; i < TileDepth; i++)
                {
                    var low = four[(i * TileQueries / 4) + (2 * down)];
                    var high = four[(i * TileQueries / 4) + (2 * down) + 1];
                    var key = four[((TileDepth + i) * TileQueries / 4) + right];
                    s0 = F8.MultiplyAdd(key.V0, low, high, s0);
                    s1 = F8.MultiplyAdd(key.V1, low, high, s1);
                    s2 = F8.MultiplyAdd(key.V2, low, high, s2);
                    s3 = F8.MultiplyAdd(key.V3, low, high, s3);
                }
            }

            StoreScores(scores, ((4 * right) * TileQueries) + (8 * down), s0);
            StoreScores(scores, (((4 * right) + 1) * TileQueries) + (8 * down), s1);
            StoreScores(scores, (((4 * right) + 2) * TileQueries) + (8 * down), s2);
            StoreScores(scores, (((4 * right) + 3) * TileQueries) + (8 * down), s3);
            Group.Barrier();

            // Both threads of a query come to the same maximum and total.
            float highest = top;
            int count = IntrinsicMath.Min(TileKeys, keys - start);
            long biasAt = ((((long)head * queries) + first + line) * keys) + start;
            bool hasBias = (form & HasBias) != 0 && first + line < queries;
            for (int c = half * 32; c < (half * 32) + 32; c++)
            {
                float s = scores[(c * TileQueries) + line] * factor;
                s += hasBias && c < count ? bias[biasAt + c] * DeviceMath.Log2E : 0;
                s += start + c == keys - 1 ? lastKeyBonus : 0;
                s = c < count ? s : float.NegativeInfinity;
                scores[(c * TileQueries) + line] = s;
                highest = s > highest ? s : highest;
            }

            meeting[thread] = highest;
            Group.Barrier();
            highest = meeting[line] > meeting[line + 64] ? meeting[line] : meeting[line + 64];
            Group.Barrier();
            float sum = 0;
            for (int c = half * 32; c < (half * 32) + 32; c++)
            {
                float weight = DeviceMath.Exp2OfNegative(scores[(c * TileQueries) + line] - highest);
                scores[(c * TileQueries) + line] = weight;
                sum += weight;
            }

            float correction = DeviceMath.Exp2OfNegative(top - highest);
            meeting[thread] = sum;
            corrections[line] = correction;
            Group.Barrier();
            top = highest;
            total = (total * correction) + meeting[line] + meeting[line + 64];

            o0 = F8.Scale(corrections[8 * down], o0);
            o1 = F8.Scale(corrections[(8 * down) + 1], o1);
            o2 = F8.Scale(corrections[(8 * down) + 2], o2);
            o3 = F8.Scale(corrections[(8 * down) + 3], o3);
            o4 = F8.Scale(corrections[(8 * down) + 4], o4);
            o5 = F8.Scale(corrections[(8 * down) + 5], o5);
            o6 = F8.Scale(corrections[(8 * down) + 6], o6);
            o7 = F8.Scale(corrections[(8 * down) + 7], o7);
            for (int c0 = 0; c0 < count; c0 += TileDepth)
            {
                // Sixteen threads per key read eight values each, two keys one after another.
                F8 value = Values(v, start + c0 + down, keys, width, column, slice + (right * 8), depth, aligned);
                F8 next = Values(v, start + c0 + down + 8, keys, width, column, slice + (right * 8), depth, aligned);
                Group.Barrier();
                var four = stage.Cast<F4>();
                four[(down * TileWidth / 4) + (2 * right)] = F8.LowHalf(value);
                four[(down * TileWidth / 4) + (2 * right) + 1] = F8.HighHalf(value);
                four[((down + 8) * TileWidth / 4) + (2 * right)] = F8.LowHalf(next);
                four[((down + 8) * TileWidth / 4) + (2 * right) + 1] = F8.HighHalf(next);
                Group.Barrier();
                var weights = scores.Cast<F4>();
                for (int i = 0; i < TileDepth; i++)
                {
                    var w0 = weights[((c0 + i) * TileQueries / 4) + (2 * down)];
                    var w1 = weights[((c0 + i) * TileQueries / 4) + (2 * down) + 1];
                    var low = four[(i * TileWidth / 4) + right];
                    var high = four[(i * TileWidth / 4) + right + 16];
                    o0 = F8.MultiplyAdd(w0.V0, low, high, o0);
                    o1 = F8.MultiplyAdd(w0.V1, low, high, o1);
                    o2 = F8.MultiplyAdd(w0.V2, low, high, o2);
                    o3 = F8.MultiplyAdd(w0.V3, low, high, o3);
                    o4 = F8.MultiplyAdd(w1.V0, low, high, o4);
                    o5 = F8.MultiplyAdd(w1.V1, low, high, o5);
                    o6 = F8.MultiplyAdd(w1.V2, low, high, o6);
                    o7 = F8.MultiplyAdd(w1.V3, low, high, o7);
                }
            }
        }

        // By way of shared memory, one query of each thread at a time, so that y is written in order.
        corrections[line] = 1 / total;
        var results = stage.Cast<F4>();
        for (int r = 0; r < 8; r++)
        {
            var o = r < 4 ? r < 2 ? r == 0 ? o0 : o1 : r == 2 ? o2 : o3 : r < 6 ? r == 4 ? o4 : o5 : r == 6 ? o6 : o7;
            Group.Barrier();
            results[(down * TileWidth / 4) + right] = F8.LowHalf(o);
            results[(down * TileWidth / 4) + right + 16] = F8.HighHalf(o);
            Group.Barrier();
            int d = slice + thread;
            for (int i = 0; i < 8; i++)
            {
                int row = (i * 8) + r;
                if (first + row < queries && d < depth)
                {
                    y[((first + row) * width) + column + d] = stage[(i * TileWidth) + thread] * corrections[row];
                }
            }
        }
    }

    static F8 Values(ArrayView<float> v, int key, int keys, long width, long column, int d, int depth, bool aligned)
    {
        F8 none = default;
        return key < keys ? StoredF32.Eight(v, (key * width) + column + d, depth - d, aligned) : none;
    }

    static void Scatter(ArrayView<float> to, int at, F8 v)
    {
        to[at] = v.V0;
        to[at + TileQueries] = v.V1;
        to[at + (2 * TileQueries)] = v.V2;
        to[at + (3 * TileQueries)] = v.V3;
        to[at + (4 * TileQueries)] = v.V4;
        to[at + (5 * TileQueries)] = v.V5;
        to[at + (6 * TileQueries)] = v.V6;
        to[at + (7 * TileQueries)] = v.V7;
    }

    static void StoreScores(ArrayView<float> scores, int at, F8 v)
    {
        var four = scores.Cast<F4>();
        four[at >> 2] = F8.LowHalf(v);
        four[(at >> 2) + 1] = F8.HighHalf(v);
    }
}
