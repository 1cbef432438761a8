namespace Engine.Kernels;

/// <summary>Layer norm whose gain and shift come from the timestep ("adaptive layer norm").</summary>
/// <remarks>
/// y[m, c] = norm(x)[m, c] * (1 + scale[rows[m], c]) + shift[rows[m], c], norm as in <see cref="LayerNorm"/> without gain and bias.
/// x, y: [M, C] f32; shift, scale: [U, C] f32, one row per distinct timestep.  y may be x.
/// Cost: reads and writes M C floats, so it is bandwidth-bound.
/// Tolerance: 2e-6 of the largest value of a row, because the sum order differs per variant.
/// </remarks>
public static partial class ModulatedNorm
{
    internal delegate void Kernel(Device device, Tensor x, Tensor shift, Tensor scale, RowMap? rows, Tensor y, float eps);

    // Order is preference. ENGINE_FORCE_MODULATEDNORM=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("ModulatedNorm")
    {
        { "CpuVector", CpuVector, (d, _) => d.IsCpu },
        { "GpuRowPerGroup", GpuRowPerGroup, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Fastest variant for this device and shape.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Input [M, C].</param>
    /// <param name="shift">Shifts [U, C].</param>
    /// <param name="scale">Scales less one [U, C].</param>
    /// <param name="rows">Row of the tables for each token; null means row 0 for all.</param>
    /// <param name="y">Output [M, C].</param>
    /// <param name="eps">Added to the variance.</param>
    public static void Run(Device device, Tensor x, Tensor shift, Tensor scale, RowMap? rows, Tensor y, float eps)
    {
        Operands.SameMatrix(nameof(ModulatedNorm), nameof(y), x, y);
        Operands.Table(nameof(ModulatedNorm), nameof(shift), shift, x.Columns, rows, x.Rows);
        Operands.Table(nameof(ModulatedNorm), nameof(scale), scale, x.Columns, rows, x.Rows);
        if (!device.Skips(nameof(ModulatedNorm), 8.0 * x.Count, 8.0 * x.Count))
        {
            Variants.Pick(device, x.Shape).Invoke(device, x, shift, scale, rows, y, eps);
            device.Done();
        }
    }
}
