namespace Engine.Kernels;

/// <summary>The shortcut around a down-sampling level of VAE 2.2: groups of neighbouring values are averaged into channels.</summary>
/// <remarks>
/// Each output pixel gathers C * F values, F = factorT * s * s, in the order (c, t, y, x); output channel o is the mean of values
/// o * G to o * G + G - 1, G = C * F / N. One call adds the share of one input frame; the first call of a group sets the rest to 0.
/// x: [H, W, C]; y: [H / s, W / s, N] without border.
/// Cost: reads H W C floats, so it is bandwidth-bound. Tolerance: 2e-6 relative to the largest value.
/// </remarks>
public static partial class AverageDown
{
    internal delegate void Kernel(Device device, Plane x, Plane y, AverageStep step);

    // Order is preference. ENGINE_FORCE_AVERAGEDOWN=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("AverageDown")
    {
        { "CpuRows", CpuRows, (device, _) => device.IsCpu },
        { "GpuValuePerThread", GpuValuePerThread, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Adds the share of one frame.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">One frame in.</param>
    /// <param name="y">Sums out.</param>
    /// <param name="factorT">Frames per output frame: 1 or 2.</param>
    /// <param name="factorS">s, pixels per output pixel along each side: 1 or 2.</param>
    /// <param name="frame">Which of the frames this is.</param>
    /// <param name="add">False for the first frame of a group: y is set rather than added to.</param>
    public static void Run(Device device, Plane x, Plane y, int factorT, int factorS, int frame, bool add)
    {
        long gathered = (long)x.Channels * factorT * factorS * factorS;
        if (x.Height != y.Height * factorS || x.Width != y.Width * factorS || y.Border != 0
            || gathered % y.Channels != 0 || (uint)frame >= (uint)factorT)
        {
            throw new ArgumentException($"Averaging {x} by {factorT}x{factorS}x{factorS} (frame {frame}) does not give {y}.");
        }

        double values = (double)x.Height * x.Width * x.Channels;
        if (device.Skips(nameof(AverageDown), values, values * 4))
        {
            return;
        }

        var step = new AverageStep(factorT, factorS, frame, add, (int)(gathered / y.Channels));
        Variants.Pick(device, y.Values.Shape)(device, x, y, step);
        device.Done();
    }
}

/// <summary>What one call of <see cref="AverageDown"/> does; Group is how many values make one mean.</summary>
readonly record struct AverageStep(int FactorT, int FactorS, int Frame, bool Add, int Group);
