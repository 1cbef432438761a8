using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <content>A block of queries of one head meets the keys block by block, keeping a running maximum and sum for each query.</content>
/// <remarks>
/// Everything a part works on lies on its stack: the scaled queries, one packed block of keys and of values, the scores of one
/// tile of queries, and the outputs so far. Scores are kept as powers of two (the factor log2 e goes into the queries).
/// </remarks>
public static unsafe partial class Attention
{
    // Keys per block at most. 192 x 128 floats of keys and as many of values are 192 KiB: they stay in the second-level cache.
    // 128 was 1 to 2 % slower, 256 no faster.
    const int MostKeys = 192;

    // Floats of one packed block at most; wider heads get shorter blocks.
    const int KeyFloats = MostKeys * 128;

    // Floats of the queries of a part, and of its outputs.
    const int QueryFloats = 240 * 128;

    // Wider heads would need more stack than a worker has (1 MiB); no model has any near that.
    const int WidestHead = 2048;

    // Queries per part at most, and what a part of few or wide queries gets; multiples of every tile's rows (12, 6, 4).
    const int MostQueries = 240;
    const int FewQueries = 48;
    const int WantedParts = 16;

    // Lower than any score, yet its difference to one is finite.
    const float NoScore = -1e30f;

    static void CpuBlocked(Device device, in AttentionCall call)
    {
        var cpu = (CpuDevice)device;
        int queries = call.Q.Rows;
        int width = TileKernel.Columns(cpu.Isa);
        int padded = (call.HeadDim + width - 1) / width * width;
        int block = MostQueries;
        while (block > FewQueries && (call.Heads * ((queries + block - 1L) / block) < WantedParts || block * padded > QueryFloats))
        {
            block /= 2;
            block -= block % 12;
        }

        block = Math.Max(12, Math.Min(block, QueryFloats / padded / 12 * 12));
        int blocks = (queries + block - 1) / block;

        // Blocks of keys alike in size, so that the last one does not pad a single key to a whole panel.
        int keyBlock = Math.Max(width, Math.Min(MostKeys, KeyFloats / padded / width * width));
        int keyBlocks = (call.K.Rows + keyBlock - 1) / keyBlock;
        keyBlock = (((call.K.Rows + keyBlocks - 1) / keyBlocks) + width - 1) / width * width;
        var job = new BlockedJob
        {
            Isa = cpu.Isa,
            Q = call.Q.Pointer,
            K = call.K.Pointer,
            V = call.V.Pointer,
            Y = call.Y.Pointer,
            Bias = call.Bias.IsEmpty ? null : call.Bias.Pointer,
            Queries = queries,
            Keys = call.K.Rows,
            Depth = call.HeadDim,
            Padded = padded,
            Stride = (nint)call.Heads * call.HeadDim,
            Factor = call.Scale * VectorMath.Log2E,
            Block = block,
            Blocks = blocks,
            LastKeyBonus = MathF.Log2(call.LastKeyCopies),
            KeyBlock = keyBlock,
        };
        int parts = call.Heads * blocks;
        cpu.Pool.Run(parts, ref job);
    }

    struct BlockedJob : IPartitioned
    {
        public Isa Isa;
        public float* Q;
        public float* K;
        public float* V;
        public float* Y;
        public float* Bias;
        public int Queries;
        public int Keys;
        public int Depth;
        public int Padded;
        public nint Stride;
        public float Factor;
        public int Block;
        public int Blocks;
        public int KeyBlock;

        // Log2 of the number of keys that the last one stands for.
        public float LastKeyBonus;

        [SkipLocalsInit]
        public readonly void Run(int part)
        {
            int head = part / Blocks;
            int first = part % Blocks * Block;
            int queries = Math.Min(Block, Queries - first);
            int width = TileKernel.Columns(Isa);
            int height = TileKernel.Rows(Isa);

            int floats = (Block * (Depth + Padded)) + (KeyBlock * (Depth + Padded)) + (height * KeyBlock) + (2 * Block);
            byte* memory = stackalloc byte[(floats * sizeof(float)) + (5 * 64)];
            float* keys = Storage.Align(memory);
            float* values = Storage.Align(keys + (KeyBlock * Depth));
            float* scores = Storage.Align(values + (KeyBlock * Padded));
            float* sums = Storage.Align(scores + (height * KeyBlock));
            float* q = sums + (Block * Padded);
            float* highest = q + (Block * Depth);
            float* totals = highest + Block;

            long offset = (long)head * Depth;
            AttentionRows.Scale(Q + (first * Stride) + offset, Stride, queries, Depth, Factor, q);
            new Span<float>(sums, queries * Padded).Clear();
            new Span<float>(highest, queries).Fill(NoScore);
            new Span<float>(totals, queries).Clear();
            float* correction = stackalloc float[12];

            for (int start = 0; start < Keys; start += KeyBlock)
            {
                int count = Math.Min(KeyBlock, Keys - start);
                PackKeys(K + (start * Stride) + offset, count, keys, width);
                PackValues(V + (start * Stride) + offset, count, values, width);
                for (int m = 0; m < queries; m += height)
                {
                    int rows = Math.Min(height, queries - m);
                    for (int n = 0; n < count; n += width)
                    {
                        TileKernel.Run(Isa, rows, Depth, q + (m * Depth), Depth, keys + (n * Depth), TileTarget.Store(scores + n, KeyBlock));
                    }

                    float* bias = Bias == null ? null : Bias + ((((long)head * Queries) + first + m) * Keys) + start;
                    if (LastKeyBonus > 0 && start + count == Keys)
                    {
                        AttentionRows.AddToColumn(scores + count - 1, KeyBlock, rows, LastKeyBonus);
                    }

                    AttentionRows.Softmax(Isa, scores, KeyBlock, rows, count, width, bias, Keys, highest + m, totals + m, correction);
                    AttentionRows.Correct(sums + (m * Padded), Padded, rows, correction);
                    for (int d = 0; d < Padded; d += width)
                    {
                        TileKernel.Run(Isa, rows, count, scores, KeyBlock, values + (d * count), TileTarget.Add(sums + (m * Padded) + d, Padded));
                    }
                }
            }

            AttentionRows.Divide(sums, Padded, queries, Depth, totals, Y + (first * Stride) + offset, Stride);
        }

        readonly void PackKeys(float* k, int count, float* panels, int width)
        {
            for (int n = 0; n < count; n += width)
            {
                PanelPacking.Transpose(k + (n * Stride), Stride, Math.Min(width, count - n), Depth, panels + (n * Depth), width);
            }
        }

        readonly void PackValues(float* v, int count, float* panels, int width)
        {
            for (int d = 0; d < Padded; d += width)
            {
                PanelPacking.Copy(v + d, Stride, count, Math.Min(width, Depth - d), panels + (d * count), width);
            }
        }
    }
}
