namespace Engine.Kernels;

/// <summary>Adds a layer's learned table to what the timesteps give, and sorts the sum by kind (shift, scale, gate ...).</summary>
/// <remarks>
/// y[j, u, c] = table[j, c] + time[u, j C + c] when time is [U, J C], or table[j, c] + time[u, c] when time is [U, C].
/// table: [J, C]; y: [J, U, C]; all f32; J kinds, U distinct timesteps.
/// Cost: reads and writes J U C floats; too small to share out.  Exact.
/// </remarks>
public static partial class Modulation
{
    internal delegate void Kernel(Device device, Tensor table, Tensor time, Tensor y);

    // Order is preference. ENGINE_FORCE_MODULATION=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("Modulation")
    {
        { "CpuVector", CpuVector, (d, _) => d.IsCpu },
        { "GpuSums", GpuSums, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Fastest variant for this device and shape.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="table">Learned table [J, C].</param>
    /// <param name="time">Time projection [U, J C], or time embedding [U, C] that all kinds share.</param>
    /// <param name="y">Output [J, U, C].</param>
    public static void Run(Device device, Tensor table, Tensor time, Tensor y)
    {
        int kinds = table.Rows;
        int columns = table.Columns;
        Operands.Extent(nameof(Modulation), "width of time", IsShared(table, time) ? columns : (long)kinds * columns, time.Columns);
        Operands.Extent(nameof(Modulation), "width of y", columns, y.Columns);
        Operands.Extent(nameof(Modulation), "rows of y", (long)kinds * time.Rows, y.Rows);
        if (!device.Skips(nameof(Modulation), y.Count, 12.0 * y.Count))
        {
            Variants.Pick(device, y.Shape).Invoke(device, table, time, y);
            device.Done();
        }
    }

    static bool IsShared(Tensor table, Tensor time) => time.Columns == table.Columns;
}
