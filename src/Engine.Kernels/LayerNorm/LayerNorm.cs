namespace Engine.Kernels;

/// <summary>Layer norm over the last axis, with or without gain and bias.</summary>
/// <remarks>
/// y[m, c] = (x[m, c] - mean_c(x[m])) / sqrt(var_c(x[m]) + eps) * gain[c] + bias[c]; the variance is divided by C.
/// x, y: [M, C] f32; gain, bias: [C] f32 or none.  y may be x.
/// Cost: reads and writes M C floats, so it is bandwidth-bound.
/// Tolerance: 2e-6 of the largest value of a row, because the sum order differs per variant.
/// </remarks>
public static partial class LayerNorm
{
    internal delegate void Kernel(Device device, Tensor x, Tensor y, float eps, Tensor gain, Tensor bias);

    // Order is preference. ENGINE_FORCE_LAYERNORM=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("LayerNorm")
    {
        { "CpuVector", CpuVector, (d, _) => d.IsCpu },
        { "GpuRowPerGroup", GpuRowPerGroup, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Fastest variant for this device and shape.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Input [M, C].</param>
    /// <param name="y">Output [M, C].</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="gain">Gain [C], or default for 1.</param>
    /// <param name="bias">Bias [C], or default for 0.</param>
    public static void Run(Device device, Tensor x, Tensor y, float eps, Tensor gain = default, Tensor bias = default)
    {
        Operands.SameMatrix(nameof(LayerNorm), nameof(y), x, y);
        if (!gain.IsEmpty)
        {
            Operands.Extent(nameof(LayerNorm), "length of gain", x.Columns, gain.Count);
        }

        if (!bias.IsEmpty)
        {
            Operands.Extent(nameof(LayerNorm), "length of bias", x.Columns, bias.Count);
        }

        if (!device.Skips(nameof(LayerNorm), 8.0 * x.Count, 8.0 * x.Count))
        {
            Variants.Pick(device, x.Shape).Invoke(device, x, y, eps, gain, bias);
            device.Done();
        }
    }
}
