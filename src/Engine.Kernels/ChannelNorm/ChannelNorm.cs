using Engine.Kernels.Gpu;

namespace Engine.Kernels;

/// <summary>Root-mean-square norm of each pixel over its channels, with or without SiLU after it.</summary>
/// <remarks>
/// v = x[p, c] / max(sqrt(sum_c x[p, c]^2), 1e-12) * sqrt(C) * gamma[c]; y = v, or v / (1 + exp(-v)) with SiLU.
/// x, y: planes of the same size, each with or without border; gamma: [C]. y may be x. Only the inside of y is written.
/// Cost: reads and writes H W C floats once, so it is bandwidth-bound.
/// Tolerance: 2e-6 relative, because the order of the sum and exp differ per variant.
/// </remarks>
public static partial class ChannelNorm
{
    internal delegate void Kernel(Device device, Plane x, Tensor gamma, bool silu, Plane y);

    const double Smallest = 1e-12;

    // Order is preference. ENGINE_FORCE_CHANNELNORM=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("ChannelNorm")
    {
        { "CpuVector", CpuVector, (device, _) => device.IsCpu },
        { "GpuPixelPerThread", GpuPixelPerThread, (d, _) => d is GpuDevice { RunsOnHostCores: true } },
        { "GpuPixelPerTeam", GpuPixelPerTeam, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Fastest variant for this device and shape.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Frame in.</param>
    /// <param name="gamma">Gain [C].</param>
    /// <param name="silu">True to apply SiLU to the result.</param>
    /// <param name="y">Frame out.</param>
    public static void Run(Device device, Plane x, Tensor gamma, bool silu, Plane y)
    {
        if (y.Height != x.Height || y.Width != x.Width || y.Channels != x.Channels || gamma.Count != x.Channels)
        {
            throw new ArgumentException($"Channel norm of {x} with a gain of {gamma.Count} does not fit {y}.");
        }

        double values = (double)x.Height * x.Width * x.Channels;
        if (device.Skips(nameof(ChannelNorm), values * (silu ? 20 : 4), values * 8))
        {
            return;
        }

        Variants.Pick(device, y.Values.Shape)(device, x, gamma, silu, y);
        device.Done();
    }
}
