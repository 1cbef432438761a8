using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;

namespace Engine.Kernels.Gpu;

/// <summary>How precise attention is.</summary>
interface IAttentionMode
{
    /// <summary>Parts of queries, keys, values and weights: 1 for bf16, 2 for 16 significant bits.</summary>
    static abstract int Parts { get; }

    /// <summary>True when a warp holds 32 queries, false for 16.</summary>
    static abstract bool TwoTiles { get; }
}

/// <summary>Operands rounded to bf16.</summary>
readonly struct ReducedAttention : IAttentionMode
{
    /// <inheritdoc/>
    public static int Parts => 1;

    /// <inheritdoc/>
    public static bool TwoTiles => true;
}

/// <summary>Operands in two bf16 parts each; three products instead of one.</summary>
readonly struct PreciseAttention : IAttentionMode
{
    /// <inheritdoc/>
    public static int Parts => 2;

    /// <inheritdoc/>
    public static bool TwoTiles => false;
}

/// <summary>Operands of the kernel.</summary>
readonly struct CudaAttentionCall
{
    /// <summary>[parts, Lq, H D] bf16, scaled so that scores are powers of two.</summary>
    public ulong Q { get; init; }

    /// <summary>[parts, Lk, H D] bf16.</summary>
    public ulong K { get; init; }

    /// <summary>[parts, Lk, H D] bf16.</summary>
    public ulong V { get; init; }

    /// <summary>[Lq, H D] f32.</summary>
    public ulong Y { get; init; }

    /// <summary>[H, Lq, Lk] f32, or 0 for none.</summary>
    public ulong Bias { get; init; }

    /// <summary>Lq.</summary>
    public int Queries { get; init; }

    /// <summary>Lk.</summary>
    public int Keys { get; init; }

    /// <summary>H.</summary>
    public int Heads { get; init; }

    /// <summary>Log2 of the number of keys that the last one stands for.</summary>
    public float LastKeyBonus { get; init; }
}

/// <summary>Attention of a block of queries of one head to all keys, 32 at a time, with a running maximum and sum for each query.</summary>
/// <remarks>
/// Queries wait in shared memory; the next 32 keys and values arrive while the present ones are worked on. Scores and weights never
/// leave registers: the sums of one mma are the operand of the next. Outputs are rescaled only when a maximum of the warp rises.
/// A warp has 32 queries (16 in the precise mode): fewer, and shared memory could not feed the tensor cores.
/// Grid: (blocks of queries x heads, 1, 1), blocks of one head side by side, so that they find keys and values in the second-level cache.
/// </remarks>
static class CudaAttentionKernel
{
    public const int Threads = 128;
    public const int KeyBlock = 32;
    const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    const float Log2E = 1.44269504f;

    // Lower than any score, yet its difference to one is finite.
    const float NoScore = -1e30f;

    /// <summary>The kernel for a width and a precision.</summary>
    public static CudaKernel Kernel<THead, TMode>(string name)
        where THead : unmanaged, IHead<THead>
        where TMode : unmanaged, IAttentionMode
    {
        var method = typeof(CudaAttentionKernel).GetMethod(nameof(Run), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(typeof(THead), typeof(TMode));
        return new CudaKernel(name, method, Threads, TMode.Parts * THead.Pitch * (Queries<TMode>() + (4 * KeyBlock)));
    }

    /// <summary>Queries of a group.</summary>
    [MethodImpl(Inline)]
    public static int Queries<TMode>()
        where TMode : unmanaged, IAttentionMode => TMode.TwoTiles ? 128 : 64;

    internal static void Run<THead, TMode>(CudaAttentionCall call)
        where THead : unmanaged, IHead<THead>
        where TMode : unmanaged, IAttentionMode
    {
        _ = SharedMemory.GetDynamic<U32x4>();
        uint shared = Asm.SharedBase();
        int thread = Group.IdxX;
        int lane = thread & 31;
        int warpRow = (thread >> 5) * (TMode.TwoTiles ? 32 : 16);
        int blocks = (call.Queries + Queries<TMode>() - 1) / Queries<TMode>();
        int head = Grid.IdxX / blocks;
        int first = (Grid.IdxX - (head * blocks)) * Queries<TMode>();
        ulong stride = (ulong)(call.Heads * THead.Depth * 2);
        ulong offset = (ulong)(head * THead.Depth * 2);
        uint rowsBytes = (uint)(KeyBlock * THead.Pitch);
        uint partBytes = (uint)(Queries<TMode>() * THead.Pitch);

        for (int part = 0; part < TMode.Parts; part++)
        {
            ulong q = call.Q + ((ulong)part * (uint)call.Queries * stride) + offset;
            for (int row = 0; row < Queries<TMode>(); row += KeyBlock)
            {
                Copy<THead>(q, stride, first + row, call.Queries, thread, shared + ((uint)part * partBytes) + (uint)(row * THead.Pitch));
            }
        }

        uint ring = shared + ((uint)TMode.Parts * partBytes);
        uint stage = 2 * (uint)TMode.Parts * rowsBytes;
        CopyKeys<THead, TMode>(call, stride, offset, 0, thread, ring);
        Asm.Commit();

        uint qAt = THead.Place(warpRow + (lane & 15), lane >> 4);
        uint kAt = THead.Place(TensorCore.ColumnRow(lane), TensorCore.ColumnChunk(lane));
        uint vAt = THead.Place(lane & 15, lane >> 4);
        int query = first + warpRow + (lane >> 2);
        THead o = default;
        float max0 = NoScore, max1 = NoScore, max2 = NoScore, max3 = NoScore;
        float sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
        uint now = 0;
        for (int start = 0; start < call.Keys; start += KeyBlock)
        {
            Asm.WaitAll();
            Group.Barrier();
            if (start + KeyBlock < call.Keys)
            {
                CopyKeys<THead, TMode>(call, stride, offset, start + KeyBlock, thread, ring + (stage - now));
            }

            Asm.Commit();
            uint keys = ring + now;
            uint values = keys + ((uint)TMode.Parts * rowsBytes);
            Strip s0 = default;
            Strip s1 = default;
            Scores<THead, TMode>(ref s0, ref s1, shared, qAt, partBytes, keys, kAt, rowsBytes);
            if (call.Bias != 0)
            {
                s0 = Biased(call, s0, head, query, start, lane);
                s1 = TMode.TwoTiles ? Biased(call, s1, head, query + 16, start, lane) : s1;
            }

            if (start + KeyBlock >= call.Keys)
            {
                s0 = Last(call, s0, start, lane);
                s1 = TMode.TwoTiles ? Last(call, s1, start, lane) : s1;
            }

            float new0 = Asm.Max(max0, Quad.Max(Softmax.FirstRow(s0)));
            float new1 = Asm.Max(max1, Quad.Max(Softmax.SecondRow(s0)));
            float new2 = TMode.TwoTiles ? Asm.Max(max2, Quad.Max(Softmax.FirstRow(s1))) : max2;
            float new3 = TMode.TwoTiles ? Asm.Max(max3, Quad.Max(Softmax.SecondRow(s1))) : max3;
            bool rises = (new0 > max0) | (new1 > max1) | (new2 > max2) | (new3 > max3);
            if (Asm.Any(rises ? 1 : 0) != 0)
            {
                float f0 = Asm.Exp2(max0 - new0);
                float f1 = Asm.Exp2(max1 - new1);
                float f2 = Asm.Exp2(max2 - new2);
                float f3 = Asm.Exp2(max3 - new3);
                sum0 *= f0;
                sum1 *= f1;
                sum2 *= f2;
                sum3 *= f3;
                o = THead.Scale<TMode>(o, f0, f1, f2, f3);
            }

            max0 = new0;
            max1 = new1;
            max2 = new2;
            max3 = new3;
            s0 = Softmax.Weights(s0, max0, max1);
            sum0 += Softmax.FirstSum(s0);
            sum1 += Softmax.SecondSum(s0);
            if (TMode.TwoTiles)
            {
                s1 = Softmax.Weights(s1, max2, max3);
                sum2 += Softmax.FirstSum(s1);
                sum3 += Softmax.SecondSum(s1);
            }

            o = Weigh<THead, TMode>(o, s0, s1, vAt, values, rowsBytes);
            now = stage - now;
        }

        End<THead, TMode>(call, o, head, query, lane, Quad.Sum(sum0), Quad.Sum(sum1), Quad.Sum(sum2), Quad.Sum(sum3));
    }

    // Scores of up to 32 queries and 32 keys, 16 values of a head at a time.
    [MethodImpl(Inline)]
    static void Scores<THead, TMode>(ref Strip s0, ref Strip s1, uint q, uint qAt, uint qPart, uint k, uint kAt, uint kPart)
        where THead : unmanaged, IHead<THead>
        where TMode : unmanaged, IAttentionMode
    {
        Score<THead, TMode>(ref s0, ref s1, q, qAt, qPart, k, kAt, kPart, 0);
        Score<THead, TMode>(ref s0, ref s1, q, qAt, qPart, k, kAt, kPart, 1);
        Score<THead, TMode>(ref s0, ref s1, q, qAt, qPart, k, kAt, kPart, 2);
        Score<THead, TMode>(ref s0, ref s1, q, qAt, qPart, k, kAt, kPart, 3);
        if (THead.Depth > 64)
        {
            Score<THead, TMode>(ref s0, ref s1, q, qAt, qPart, k, kAt, kPart, 4);
        }

        if (THead.Depth > 80)
        {
            Score<THead, TMode>(ref s0, ref s1, q, qAt, qPart, k, kAt, kPart, 5);
            Score<THead, TMode>(ref s0, ref s1, q, qAt, qPart, k, kAt, kPart, 6);
            Score<THead, TMode>(ref s0, ref s1, q, qAt, qPart, k, kAt, kPart, 7);
        }
    }

    [MethodImpl(Inline)]
    static void Score<THead, TMode>(ref Strip s0, ref Strip s1, uint q, uint qAt, uint qPart, uint k, uint kAt, uint kPart, int step)
        where THead : unmanaged, IHead<THead>
        where TMode : unmanaged, IAttentionMode
    {
        uint x = q + THead.Further(qAt, step);
        uint y = k + THead.Further(kAt, step);
        uint half = (uint)(16 * THead.Pitch);
        var a = TensorCore.LoadMatrix(x);
        var b0 = TensorCore.LoadMatrix(y);
        var b1 = TensorCore.LoadMatrix(y + half);
        s0 = MmaBf16.Multiply(s0, a, b0, b1);
        if (TMode.TwoTiles)
        {
            s1 = MmaBf16.Multiply(s1, TensorCore.LoadMatrix(x + half), b0, b1);
        }

        if (TMode.Parts == 2)
        {
            s0 = MmaBf16.Multiply(s0, TensorCore.LoadMatrix(x + qPart), b0, b1);
            s0 = MmaBf16.Multiply(s0, a, TensorCore.LoadMatrix(y + kPart), TensorCore.LoadMatrix(y + kPart + half));
        }
    }

    // The sums of the scores are the operand of this product as they lie: two columns of a thread are two values of k.
    [MethodImpl(Inline)]
    static THead Weigh<THead, TMode>(THead o, Strip s0, Strip s1, uint vAt, uint v, uint part)
        where THead : unmanaged, IHead<THead>
        where TMode : unmanaged, IAttentionMode
    {
        uint half = (uint)(16 * THead.Pitch);
        var a0 = Softmax.Pack(s0.A, s0.B, 0);
        var a1 = Softmax.Pack(s0.C, s0.D, 0);
        U32x4 b0 = default;
        U32x4 b1 = default;
        if (TMode.TwoTiles)
        {
            b0 = Softmax.Pack(s1.A, s1.B, 0);
            b1 = Softmax.Pack(s1.C, s1.D, 0);
        }

        o = THead.Add<TMode>(o, a0, b0, vAt, v);
        o = THead.Add<TMode>(o, a1, b1, vAt, v + half);
        if (TMode.Parts == 2)
        {
            o = THead.Add<TMode>(o, a0, b0, vAt, v + part);
            o = THead.Add<TMode>(o, a1, b1, vAt, v + part + half);
            o = THead.Add<TMode>(o, Softmax.Pack(s0.A, s0.B, 1), b0, vAt, v);
            o = THead.Add<TMode>(o, Softmax.Pack(s0.C, s0.D, 1), b1, vAt, v + half);
        }

        return o;
    }

    [MethodImpl(Inline)]
    static void End<THead, TMode>(CudaAttentionCall call, THead o, int head, int query, int lane, float sum0, float sum1, float sum2, float sum3)
        where THead : unmanaged, IHead<THead>
        where TMode : unmanaged, IAttentionMode
    {
        o = THead.Scale<TMode>(o, Asm.Divide(1, sum0), Asm.Divide(1, sum1), Asm.Divide(1, sum2), Asm.Divide(1, sum3));
        ulong pitch = (ulong)(call.Heads * THead.Depth * 4);
        ulong row = call.Y + ((ulong)(uint)query * pitch) + (ulong)((head * THead.Depth * 4) + ((lane & 3) * 8));
        THead.Write(o, false, row, row + (8 * pitch), query < call.Queries ? 1 : 0, query + 8 < call.Queries ? 1 : 0);
        if (TMode.TwoTiles)
        {
            row += 16 * pitch;
            THead.Write(o, true, row, row + (8 * pitch), query + 16 < call.Queries ? 1 : 0, query + 24 < call.Queries ? 1 : 0);
        }
    }

    [MethodImpl(Inline)]
    static Strip Biased(CudaAttentionCall call, Strip s, int head, int query, int start, int lane)
    {
        int column = start + ((lane & 3) * 2);
        ulong row = call.Bias + ((((ulong)(uint)((head * (long)call.Queries) + query) * (uint)call.Keys) + (uint)column) * 4);
        ulong below = row + (8 * (ulong)(uint)call.Keys * 4);
        int left = query < call.Queries ? call.Keys - column : 0;
        int leftBelow = query + 8 < call.Queries ? call.Keys - column : 0;
        s.A = Biased(s.A, row, below, left, leftBelow);
        s.B = Biased(s.B, row + 32, below + 32, left - 8, leftBelow - 8);
        s.C = Biased(s.C, row + 64, below + 64, left - 16, leftBelow - 16);
        s.D = Biased(s.D, row + 96, below + 96, left - 24, leftBelow - 24);
        return s;
    }

    [MethodImpl(Inline)]
    static F32x4 Biased(F32x4 s, ulong row, ulong below, int left, int leftBelow)
    {
        s.X += Log2E * Asm.LoadFloat(row, left > 0 ? 1 : 0);
        s.Y += Log2E * Asm.LoadFloat(row + 4, left > 1 ? 1 : 0);
        s.Z += Log2E * Asm.LoadFloat(below, leftBelow > 0 ? 1 : 0);
        s.W += Log2E * Asm.LoadFloat(below + 4, leftBelow > 1 ? 1 : 0);
        return s;
    }

    // The last block: keys that don't exist weigh nothing, and the last one counts for many.
    [MethodImpl(Inline)]
    static Strip Last(CudaAttentionCall call, Strip s, int start, int lane)
    {
        int left = call.Keys - start - ((lane & 3) * 2);
        s.A = Last(s.A, left, call.LastKeyBonus);
        s.B = Last(s.B, left - 8, call.LastKeyBonus);
        s.C = Last(s.C, left - 16, call.LastKeyBonus);
        s.D = Last(s.D, left - 24, call.LastKeyBonus);
        return s;
    }

    [MethodImpl(Inline)]
    static F32x4 Last(F32x4 s, int left, float bonus)
    {
        float first = left <= 0 ? float.NegativeInfinity : left == 1 ? bonus : 0;
        float second = left <= 1 ? float.NegativeInfinity : left == 2 ? bonus : 0;
        s.X += first;
        s.Y += second;
        s.Z += first;
        s.W += second;
        return s;
    }

    [MethodImpl(Inline)]
    static void CopyKeys<THead, TMode>(CudaAttentionCall call, ulong stride, ulong offset, int start, int thread, uint to)
        where THead : unmanaged, IHead<THead>
        where TMode : unmanaged, IAttentionMode
    {
        uint rowsBytes = (uint)(KeyBlock * THead.Pitch);
        ulong part = (ulong)(uint)call.Keys * stride;
        uint values = to + ((uint)TMode.Parts * rowsBytes);
        Copy<THead>(call.K + offset, stride, start, call.Keys, thread, to);
        Copy<THead>(call.V + offset, stride, start, call.Keys, thread, values);
        if (TMode.Parts == 2)
        {
            Copy<THead>(call.K + offset + part, stride, start, call.Keys, thread, to + rowsBytes);
            Copy<THead>(call.V + offset + part, stride, start, call.Keys, thread, values + rowsBytes);
        }
    }

    // 32 rows; four threads copy one, a quarter of its chunks each.
    [MethodImpl(Inline)]
    static void Copy<THead>(ulong matrix, ulong stride, int first, int rows, int thread, uint to)
        where THead : unmanaged, IHead<THead>
    {
        int row = thread >> 2;
        int chunk = thread & 3;
        bool inside = first + row < rows;
        ulong from = matrix + ((ulong)(uint)(first + row) * stride) + (ulong)(chunk * 16);
        Copy<THead>(matrix, from, inside, row, chunk, to);
        Copy<THead>(matrix, from + 64, inside, row, chunk + 4, to);
        if (THead.Width > 64)
        {
            Copy<THead>(matrix, from + 128, inside, row, chunk + 8, to);
        }

        if (THead.Width > 96)
        {
            Copy<THead>(matrix, from + 192, inside, row, chunk + 12, to);
        }
    }

    [MethodImpl(Inline)]
    static void Copy<THead>(ulong matrix, ulong from, bool inside, int row, int chunk, uint to)
        where THead : unmanaged, IHead<THead>
    {
        bool real = inside & (chunk * 8 < THead.Depth);
        Asm.CopyAsync(to + THead.Place(row, chunk), real ? from : matrix, real ? 16u : 0u);
    }
}
