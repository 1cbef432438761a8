namespace Engine.Kernels;

/// <summary>Puts known values over a tensor wherever a mask says so, alike in every channel.</summary>
/// <remarks>
/// y[c, i] = mask[i] > 0 ? x[c, i] : y[c, i].
/// x, y: [C, n] f32; mask: [n] f32.
/// Cost: reads and writes C n floats at most, so it is bandwidth-bound. Exact: values are only copied.
/// </remarks>
public static partial class Select
{
    internal delegate void Kernel(Device device, Tensor mask, Tensor x, Tensor y);

    // Order is preference. ENGINE_FORCE_SELECT=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("Select")
    {
        { "Reference", Reference, (d, _) => d.IsCpu },
        { "GpuStrided", GpuStrided, (d, _) => d.Kind != DeviceKind.Cpu },
    };

    /// <summary>Copies the values under the mask.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="mask">More than 0 where a value is taken; n values.</param>
    /// <param name="x">Known values, C times as many as the mask has.</param>
    /// <param name="y">What they are put over, as large as <paramref name="x"/>.</param>
    public static void Run(Device device, Tensor mask, Tensor x, Tensor y)
    {
        Operands.Extent(nameof(Select), "size of y", x.Count, y.Count);
        Operands.Extent(nameof(Select), "remainder of x by the mask", 0, mask.Count == 0 ? 1 : x.Count % mask.Count);
        if (!device.Skips(nameof(Select), 0, (8.0 * x.Count) + (4.0 * mask.Count)))
        {
            Variants.Pick(device, y.Shape).Invoke(device, mask, x, y);
            device.Done();
        }
    }

    // Fast enough for the host as it is: a latent is small beside the model's work.
    static unsafe void Reference(Device device, Tensor mask, Tensor x, Tensor y)
    {
        for (long c = 0; c < x.Count; c += mask.Count)
        {
            for (long i = 0; i < mask.Count; i++)
            {
                if (mask.Pointer[i] > 0)
                {
                    y.Pointer[c + i] = x.Pointer[c + i];
                }
            }
        }
    }
}
