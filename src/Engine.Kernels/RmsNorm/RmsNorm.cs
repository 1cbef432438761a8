namespace Engine.Kernels;

/// <summary>Root-mean-square norm over the last axis.</summary>
/// <remarks>
/// y[m, c] = x[m, c] * gain[c] / sqrt(mean_c(x[m, c]^2) + eps)
/// x, y: [M, C] f32; gain: [C] f32.  y may be x.
/// Cost: reads and writes M C floats, so it is bandwidth-bound.
/// Tolerance: 2e-6 relative, because the sum order differs per variant.
/// </remarks>
public static partial class RmsNorm
{
    internal delegate void Kernel(Device device, Tensor x, Tensor gain, Tensor y, float eps);

    // Order is preference. ENGINE_FORCE_RMSNORM=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("RmsNorm")
    {
        { "CpuVector", CpuVector, (d, _) => d.IsCpu },
        { "GpuRowPerGroup", GpuRowPerGroup, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Fastest variant for this device and shape.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Input [M, C].</param>
    /// <param name="gain">Gain [C].</param>
    /// <param name="y">Output [M, C].</param>
    /// <param name="eps">Added to the mean of the squares.</param>
    public static void Run(Device device, Tensor x, Tensor gain, Tensor y, float eps)
    {
        Operands.SameMatrix(nameof(RmsNorm), nameof(y), x, y);
        Operands.Extent(nameof(RmsNorm), "length of gain", x.Columns, gain.Count);
        if (!device.Skips(nameof(RmsNorm), 4.0 * x.Count, 8.0 * x.Count))
        {
            Variants.Pick(device, x.Shape).Invoke(device, x, gain, y, eps);
            device.Done();
        }
    }
}
