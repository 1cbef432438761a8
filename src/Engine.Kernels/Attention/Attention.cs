using Engine.Kernels.Gpu;

namespace Engine.Kernels;

/// <summary>Softmax attention of every query to every key, head by head; the Lq x Lk matrix is never formed.</summary>
/// <remarks>
/// y[i, h] = sum_j p[j] v[j, h] / sum_j p[j], p[j] = exp(scale * (q[i, h] . k[j, h]) + bias[h, i, j]).
/// q, y: [Lq, H D]; k: [Lk, H D]; v: [Lk, H D]; all f32, heads side by side in a row; bias: [H, Lq, Lk] or none. y may be q.
/// The last key and value can stand for many alike, as padding makes them: their weight counts so many times.
/// Cost: 4 Lq Lk H D operations; compute-bound.
/// Tolerance: 2e-6 relative to the largest value of v, because sums are made in another order.
/// </remarks>
public static partial class Attention
{
    internal delegate void Kernel(Device device, in AttentionCall call);

    // Order is preference. ENGINE_FORCE_ATTENTION=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("Attention")
    {
        { "CpuBlocked", CpuBlocked, (d, s) => d.IsCpu && s[3] <= WidestHead },
        { "GpuPanels", GpuPanels, (d, s) => d is GpuDevice { RunsOnHostCores: true } && s[3] <= WidestPanels },
        { "CudaTensorCores", CudaTensorCores, CudaSupports },
        { "GpuTiles", GpuTiles, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Fastest variant for this device and shape.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="q">Queries [Lq, H D].</param>
    /// <param name="k">Keys [Lk, H D].</param>
    /// <param name="v">Values [Lk, H D].</param>
    /// <param name="y">Output [Lq, H D].</param>
    /// <param name="heads">H.</param>
    /// <param name="scale">Factor on every score; usually 1 / sqrt(D), 1 for UMT5.</param>
    /// <param name="scratch">Where packed keys and values go during the call.</param>
    /// <param name="bias">Added to every scaled score, [H, Lq, Lk], or default for none.</param>
    /// <param name="lastKeyCopies">How many equal keys the last one stands for, 1 or more.</param>
    public static void Run(
        Device device,
        Tensor q,
        Tensor k,
        Tensor v,
        Tensor y,
        int heads,
        float scale,
        Workspace scratch,
        Tensor bias = default,
        int lastKeyCopies = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(lastKeyCopies, 1);
        Operands.SameMatrix(nameof(Attention), nameof(y), q, y);
        Operands.SameMatrix(nameof(Attention), nameof(v), k, v);
        Operands.Extent(nameof(Attention), "width of k", q.Columns, k.Columns);
        Operands.Extent(nameof(Attention), "remainder of width by heads", 0, q.Columns % heads);
        if (!bias.IsEmpty)
        {
            Operands.Extent(nameof(Attention), "size of bias", (long)heads * q.Rows * k.Rows, bias.Count);
        }

        using var scope = scratch.Scope();
        int depth = q.Columns / heads;
        var call = new AttentionCall(q, k, v, y, heads, depth, scale, bias, scratch)
        {
            LastKeyCopies = lastKeyCopies,
            QueryCopy = NeedsCopyOfQueries(device, q, y, depth) ? scratch.Take(q.Shape) : default,
            Packed = CudaScratch(device, q, k, heads, depth) is > 0 and var floats ? scratch.Take([floats]) : default,
        };
        double flops = 4.0 * q.Rows * k.Rows * q.Columns;
        double bytes = 4.0 * (q.Count + k.Count + v.Count + y.Count);
        if (device.Skips(nameof(Attention), flops, bytes))
        {
            return;
        }

        if (q.Rows > 0)
        {
            Operands.Extent(nameof(Attention), "keys given", 1, Math.Min(k.Rows, 1));
            Variants.Pick(device, [q.Rows, k.Rows, heads, depth]).Invoke(device, call);
        }

        device.Done();
    }
}

/// <summary>Operands of one <see cref="Attention"/>, checked.</summary>
readonly record struct AttentionCall(
    Tensor Q, Tensor K, Tensor V, Tensor Y, int Heads, int HeadDim, float Scale, Tensor Bias, Workspace Scratch)
{
    /// <summary>How many equal keys the last one stands for.</summary>
    public int LastKeyCopies { get; init; } = 1;

    /// <summary>Room for a copy of the queries, where a kernel may need one.</summary>
    public Tensor QueryCopy { get; init; }

    /// <summary>Room for queries, keys and values in 16-bit parts, where tensor cores take them.</summary>
    public Tensor Packed { get; init; }
}
