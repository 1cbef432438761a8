namespace Engine.Kernels.Gpu;

/// <summary>How one <see cref="Attention"/> runs on tensor cores.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Queries">Lq.</param>
/// <param name="Keys">Lk.</param>
/// <param name="Heads">H.</param>
/// <param name="Depth">D.</param>
/// <param name="Groups">Groups of the grid.</param>
/// <param name="Parts">Parts of every operand: 1 in reduced precision, else 2.</param>
readonly record struct CudaAttentionPlan(CudaKernel Kernel, int Queries, int Keys, int Heads, int Depth, int Groups, int Parts)
{
    /// <summary>Bytes of the packed queries, keys and values, each from a multiple of 256 on.</summary>
    public long ScratchBytes => ValueOffset + KeyBytes;

    internal long KeyOffset => Aligned((long)Queries * Heads * Depth * 2 * Parts);

    internal long ValueOffset => KeyOffset + KeyBytes;

    long KeyBytes => Aligned((long)Keys * Heads * Depth * 2 * Parts);

    static long Aligned(long bytes) => (bytes + 255) / 256 * 256;
}

/// <summary><see cref="Attention"/> on a CUDA device's tensor cores, for heads of 64, 80 and 128.</summary>
/// <remarks>
/// Queries, keys and values become bf16 (its range is that of f32). Error relative to the largest value of v: 1e-2 in reduced precision
/// (8 significant bits in scores and weights), else 5e-5 (16 bits).
/// </remarks>
static class CudaAttention
{
    const float Log2E = 1.44269504f;

    public static readonly CudaKernel Reduced64 = CudaAttentionKernel.Kernel<Head64, ReducedAttention>("Attention 64 bf16");
    public static readonly CudaKernel Reduced80 = CudaAttentionKernel.Kernel<Head80, ReducedAttention>("Attention 80 bf16");
    public static readonly CudaKernel Reduced128 = CudaAttentionKernel.Kernel<Head128, ReducedAttention>("Attention 128 bf16");
    public static readonly CudaKernel Precise64 = CudaAttentionKernel.Kernel<Head64, PreciseAttention>("Attention 64 bf16 in parts");
    public static readonly CudaKernel Precise80 = CudaAttentionKernel.Kernel<Head80, PreciseAttention>("Attention 80 bf16 in parts");
    public static readonly CudaKernel Precise128 = CudaAttentionKernel.Kernel<Head128, PreciseAttention>("Attention 128 bf16 in parts");

    /// <summary>Every one.</summary>
    public static IEnumerable<CudaKernel> All => [Reduced64, Reduced80, Reduced128, Precise64, Precise80, Precise128];

    /// <summary>True when there is a kernel for heads of this width.</summary>
    public static bool Supports(int depth) => depth is 64 or 80 or 128;

    /// <summary>Chooses the kernel.</summary>
    /// <param name="queries">Lq.</param>
    /// <param name="keys">Lk.</param>
    /// <param name="heads">H.</param>
    /// <param name="depth">D: 64, 80 or 128.</param>
    /// <param name="precise">True for f32-like results, false for reduced precision.</param>
    public static CudaAttentionPlan Plan(int queries, int keys, int heads, int depth, bool precise)
    {
        var kernel = (depth, precise) switch
        {
            (64, false) => Reduced64,
            (80, false) => Reduced80,
            (128, false) => Reduced128,
            (64, true) => Precise64,
            (80, true) => Precise80,
            (128, true) => Precise128,
            _ => throw new ArgumentException($"No tensor-core kernel has heads of {depth}.", nameof(depth)),
        };
        int block = precise ? CudaAttentionKernel.Queries<PreciseAttention>() : CudaAttentionKernel.Queries<ReducedAttention>();
        return new CudaAttentionPlan(kernel, queries, keys, heads, depth, (queries + block - 1) / block * heads, precise ? 2 : 1);
    }

    /// <summary>Runs a plan: packs queries, keys and values, then attends.</summary>
    /// <param name="queue">Where the launches go.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="q">[Lq, H D] f32.</param>
    /// <param name="k">[Lk, H D] f32.</param>
    /// <param name="v">[Lk, H D] f32.</param>
    /// <param name="y">[Lq, H D] f32; may be q.</param>
    /// <param name="bias">[H, Lq, Lk] f32, or 0 for none.</param>
    /// <param name="scale">Factor on every score.</param>
    /// <param name="lastKeyCopies">How many equal keys the last one stands for.</param>
    /// <param name="scratch">So many bytes as the plan says, 256-byte aligned.</param>
    public static void Run(
        ICudaQueue queue, in CudaAttentionPlan plan, ulong q, ulong k, ulong v, ulong y, ulong bias, float scale, int lastKeyCopies, ulong scratch)
    {
        var call = new CudaAttentionCall
        {
            Q = scratch,
            K = scratch + (ulong)plan.KeyOffset,
            V = scratch + (ulong)plan.ValueOffset,
            Y = y,
            Bias = bias,
            Queries = plan.Queries,
            Keys = plan.Keys,
            Heads = plan.Heads,
            LastKeyBonus = MathF.Log2(lastKeyCopies),
        };
        int width = plan.Heads * plan.Depth;
        PackRows.LaunchBf16(queue, q, call.Q, plan.Queries, width, width, plan.Parts, scale * Log2E);
        PackRows.LaunchBf16(queue, k, call.K, plan.Keys, width, width, plan.Parts, 1);
        PackRows.LaunchBf16(queue, v, call.V, plan.Keys, width, width, plan.Parts, 1);
        queue.Launch(plan.Kernel, plan.Groups, 1, call);
    }
}
