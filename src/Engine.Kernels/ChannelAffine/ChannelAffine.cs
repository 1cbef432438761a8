namespace Engine.Kernels;

/// <summary>An affine map of each channel of a channel-first tensor, in place.</summary>
/// <remarks>
/// y[c, i] = (x[c, i] - shift[c]) * factor[c], or its inverse x[c, i] / factor[c] + shift[c].
/// x: [C, n] f32; shift, factor: [C] f32.
/// Cost: reads and writes C n floats, so it is bandwidth-bound. Tolerance: 2e-7 relative to the largest term (fused or not).
/// </remarks>
public static partial class ChannelAffine
{
    internal delegate void Kernel(Device device, Tensor x, Tensor shift, Tensor factor, bool inverse);

    // Order is preference. ENGINE_FORCE_CHANNELAFFINE=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("ChannelAffine")
    {
        { "Reference", Reference, (d, _) => d.IsCpu },
        { "GpuStrided", GpuStrided, (d, _) => d.Kind != DeviceKind.Cpu },
    };

    /// <summary>Maps a tensor in place.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">[C, ...].</param>
    /// <param name="shift">[C].</param>
    /// <param name="factor">[C], none of them 0.</param>
    /// <param name="inverse">True to undo what false does.</param>
    public static void Run(Device device, Tensor x, Tensor shift, Tensor factor, bool inverse)
    {
        Operands.Extent(nameof(ChannelAffine), "length of shift", x.Shape[0], shift.Count);
        Operands.Extent(nameof(ChannelAffine), "length of factor", x.Shape[0], factor.Count);
        if (!device.Skips(nameof(ChannelAffine), 2.0 * x.Count, 8.0 * x.Count))
        {
            Variants.Pick(device, x.Shape).Invoke(device, x, shift, factor, inverse);
            device.Done();
        }
    }

    // Fast enough for the host as it is: latents are small.
    static unsafe void Reference(Device device, Tensor x, Tensor shift, Tensor factor, bool inverse)
    {
        long run = x.Count / x.Shape[0];
        for (int c = 0; c < x.Shape[0]; c++)
        {
            float* values = x.Pointer + (c * run);
            float s = shift.Pointer[c];
            float f = factor.Pointer[c];
            for (long i = 0; i < run; i++)
            {
                values[i] = inverse ? (values[i] / f) + s : (values[i] - s) * f;
            }
        }
    }
}
