namespace Engine.Kernels;

/// <summary>T5's relative position bias: a learnt number per head and bucket of distance, laid out for <see cref="Attention"/>.</summary>
/// <remarks>
/// y[h, i, j] = table[bucket(j - i), h]
/// table: [B, H] f32; y: [H, L, L] f32. Half of the buckets are for keys before the query, half for keys after it; of each
/// half, one bucket per distance up to a quarter of B, then ranges that grow with the logarithm up to the largest distance.
/// Cost: writes H L^2 floats, so it is bandwidth-bound. Exact: values are copied.
/// </remarks>
public static unsafe partial class RelativeBias
{
    internal delegate void Kernel(Device device, Tensor table, int length, int maxDistance, Tensor y);

    // Order is preference. ENGINE_FORCE_RELATIVEBIAS=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("RelativeBias")
    {
        { "CpuRows", CpuRows, (d, _) => d.IsCpu },
        { "GpuValues", GpuValues, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Fastest variant for this device and shape.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="table">Learnt numbers [B, H]; B is a multiple of 4.</param>
    /// <param name="length">L, tokens.</param>
    /// <param name="maxDistance">Distance from which on everything is in the last bucket; more than B / 4.</param>
    /// <param name="y">Bias [H, L, L].</param>
    public static void Run(Device device, Tensor table, int length, int maxDistance, Tensor y)
    {
        Operands.Extent(nameof(RelativeBias), "size of y", (long)table.Columns * length * length, y.Count);
        Operands.Extent(nameof(RelativeBias), "remainder of buckets by 4", 0, table.Rows % 4);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxDistance, table.Rows / 4);
        if (!device.Skips(nameof(RelativeBias), 0, 4.0 * y.Count))
        {
            Variants.Pick(device, y.Shape).Invoke(device, table, length, maxDistance, y);
            device.Done();
        }
    }

    /// <summary>Bucket of the offset from a query to a key.</summary>
    /// <remarks>In single precision, as the original computes it: at powers of two the rounding decides.</remarks>
    internal static int Bucket(int offset, int buckets, int maxDistance)
    {
        int half = buckets / 2;
        int exact = half / 2;
        int start = offset > 0 ? half : 0;
        int distance = Math.Abs(offset);
        if (distance < exact)
        {
            return start + distance;
        }

        float span = (float)Math.Log((double)maxDistance / exact);
        int range = exact + (int)(MathF.Log(distance / (float)exact) / span * (half - exact));
        return start + Math.Min(range, half - 1);
    }
}
