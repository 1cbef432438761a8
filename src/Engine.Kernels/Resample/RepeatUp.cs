namespace Engine.Kernels;

/// <summary>The shortcut around an up-sampling level of VAE 2.2: channels are repeated and laid out as frames and pixels.</summary>
/// <remarks>
/// Output channel o of output pixel (t, y, x) inside its block is input channel (((o factorT + t) s + y) s + x) / R,
/// R = N * factorT * s * s / C. One call makes one output frame (one t).
/// x: [H, W, C]; y: [H s, W s, N].
/// Cost: writes N H W s s floats, so it is bandwidth-bound. Exact: values are only copied.
/// </remarks>
public static partial class RepeatUp
{
    internal delegate void Kernel(Device device, Plane x, Plane y, RepeatStep step);

    // Order is preference. ENGINE_FORCE_REPEATUP=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("RepeatUp")
    {
        { "CpuRows", CpuRows, (device, _) => device.IsCpu },
        { "GpuValuePerThread", GpuValuePerThread, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Makes one output frame.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Frame in.</param>
    /// <param name="y">Frame out.</param>
    /// <param name="factorT">Output frames per input frame: 1 or 2.</param>
    /// <param name="factorS">s, output pixels per input pixel along each side.</param>
    /// <param name="frame">t, which output frame to make.</param>
    public static void Run(Device device, Plane x, Plane y, int factorT, int factorS, int frame)
    {
        long spread = (long)y.Channels * factorT * factorS * factorS;
        if (y.Height != x.Height * factorS || y.Width != x.Width * factorS || spread % x.Channels != 0 || (uint)frame >= (uint)factorT)
        {
            throw new ArgumentException($"Repeating {x} by {factorT}x{factorS}x{factorS} (frame {frame}) does not give {y}.");
        }

        double values = (double)y.Height * y.Width * y.Channels;
        if (device.Skips(nameof(RepeatUp), 0, values * 8))
        {
            return;
        }

        var step = new RepeatStep(factorT, factorS, frame, (int)(spread / x.Channels));
        Variants.Pick(device, y.Values.Shape)(device, x, y, step);
        device.Done();
    }
}

/// <summary>What one call of <see cref="RepeatUp"/> does; Repeats is how often each value comes out.</summary>
readonly record struct RepeatStep(int FactorT, int FactorS, int Frame, int Repeats);
