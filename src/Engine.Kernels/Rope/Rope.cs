namespace Engine.Kernels;

/// <summary>Rotary position embedding, in place: pairs of neighbouring values turn by an angle that depends on the token.</summary>
/// <remarks>
/// (x[2i], x[2i+1]) becomes (x[2i] c - x[2i+1] s, x[2i] s + x[2i+1] c), c = cos[l, i], s = sin[l, i], in every head.
/// x: [L, H D] f32; cos, sin: [L, D/2] f32.
/// Cost: reads and writes L H D floats, so it is bandwidth-bound.
/// Tolerance: 2e-7 relative to the length of the pair (one fused multiply-add more or less).
/// </remarks>
public static partial class Rope
{
    internal delegate void Kernel(Device device, Tensor x, Tensor cos, Tensor sin, int heads);

    // Order is preference. ENGINE_FORCE_ROPE=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("Rope")
    {
        { "CpuVector", CpuVector, (d, _) => d.IsCpu },
        { "GpuPairPerThread", GpuPairPerThread, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Fastest variant for this device and shape.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Queries or keys [L, H D]; turned in place.</param>
    /// <param name="cos">Cosines [L, D/2].</param>
    /// <param name="sin">Sines [L, D/2].</param>
    /// <param name="heads">H.</param>
    public static void Run(Device device, Tensor x, Tensor cos, Tensor sin, int heads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        Operands.SameMatrix(nameof(Rope), nameof(sin), cos, sin);
        Operands.Extent(nameof(Rope), "rows of cos", x.Rows, cos.Rows);
        Operands.Extent(nameof(Rope), "width of x", 2L * heads * cos.Columns, x.Columns);
        if (!device.Skips(nameof(Rope), 3.0 * x.Count, (8.0 * x.Count) + (8.0 * cos.Count)))
        {
            Variants.Pick(device, x.Shape).Invoke(device, x, cos, sin, heads);
            device.Done();
        }
    }
}
