namespace Engine.Kernels;

/// <summary>Rows of a table, looked up by id.</summary>
/// <remarks>
/// y[m, c] = table[ids[m], c] * table.Scale
/// table: [V, C] as stored; y: [M, C] f32.
/// Cost: reads and writes M C values, so it is bandwidth-bound. Exact.
/// </remarks>
public static partial class Embedding
{
    internal delegate void Kernel(Device device, Weight table, ReadOnlySpan<int> ids, Tensor y);

    // Order is preference. ENGINE_FORCE_EMBEDDING=<name> overrides it in tests and profiling.
    // A few hundred rows per prompt: plain loops are fast enough on any host.
    internal static readonly VariantTable<Kernel> Variants = new("Embedding")
    {
        { "GpuRows", GpuRows, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Copies and widens the rows.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="table">Table [V, C].</param>
    /// <param name="ids">Row of the table for each row of y, on the host.</param>
    /// <param name="y">Output [M, C].</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the table.</exception>
    public static void Run(Device device, Weight table, ReadOnlySpan<int> ids, Tensor y)
    {
        Operands.Extent(nameof(Embedding), "rows of y", ids.Length, y.Rows);
        Operands.Extent(nameof(Embedding), "width of y", table.Columns, y.Columns);
        foreach (int id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)table.Rows, nameof(ids));
        }

        if (!device.Skips(nameof(Embedding), 0, (4.0 * y.Count) + table.Type.Bytes(y.Count)))
        {
            Variants.Pick(device, y.Shape).Invoke(device, table, ids, y);
            device.Done();
        }
    }
}
