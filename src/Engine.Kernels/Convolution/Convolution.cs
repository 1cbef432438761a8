using Engine.Kernels.Gpu;

namespace Engine.Kernels;

/// <summary>Convolution of one output frame of a causal video network, channels last.</summary>
/// <remarks>
/// y[p, n] = bias[n] + sum_(tap, c) w[n, c, tap] * x[p + tap, c] + residual[p, n], see <see cref="ConvKind"/> for which taps.
/// x: 1 or 3 frames [H, W, C] (a border of zeros where <see cref="ConvKinds.Border"/> says so); w: [N, C, taps];
/// y, residual: [H', W', N], with or without border (only the inside is read and written). residual may be y itself.
/// The temporal cache of upstream's causal convolution is the two earlier frames; missing ones count as zeros. With
/// <see cref="WinogradForm.FourPair"/> they may be packed.
/// Cost: 2 H' W' N C taps operations (<see cref="ConvKind.Double"/>: 4 taps instead of 9); compute-bound from 16 channels on.
/// Tolerance: 5e-6 of the largest value (thousands of f32 products per sum), because the order of the sum differs; with a Winograd form 1e-5.
/// </remarks>
public static partial class Convolution
{
    internal delegate void Kernel(Device device, in ConvCall call);

    // Order is preference. ENGINE_FORCE_CONVOLUTION=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("Convolution")
    {
        { "CpuDirect", CpuDirect, (device, _) => device.IsCpu },
        { "GpuStrips", GpuStrips, (d, _) => d is GpuDevice { RunsOnHostCores: true } },
        { "CudaTensorCores", CudaTensorCores, (d, _) => d.HasTensorCores() },
        { "GpuTiles", GpuTiles, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>True when a variant is forced by the environment.</summary>
    internal static bool IsForced { get; } = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("ENGINE_FORCE_CONVOLUTION"));

    /// <summary>Fastest variant for this device and shape.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Frames in.</param>
    /// <param name="weight">Packed weights and bias.</param>
    /// <param name="y">Frame out.</param>
    /// <param name="scratch">Where blocks of sums go during the call (CPU devices only).</param>
    /// <param name="residual">Added to the result, or default for nothing.</param>
    public static void Run(Device device, in ConvInput x, ConvWeight weight, Plane y, Workspace scratch, Plane residual = default)
    {
        Check(x, weight, y, residual);
        Run(device, new ConvCall(x, weight, y, residual, scratch));
    }

    /// <summary>Two consecutive frames; together they take less time than apart where <paramref name="weight"/> has a form for pairs.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Frames that the first result is made from.</param>
    /// <param name="next">The frame after them.</param>
    /// <param name="weight">Packed weights and bias of a kind with three frames.</param>
    /// <param name="first">What is made of the first frame.</param>
    /// <param name="second">What is made of <paramref name="next"/>.</param>
    /// <param name="scratch">As for a single frame.</param>
    public static void RunPair(
        Device device, in ConvInput x, Plane next, ConvWeight weight, ConvOutput first, ConvOutput second, Workspace scratch)
    {
        if (weight.Form != WinogradForm.FourPair)
        {
            Run(device, x, weight, first.Y, scratch, first.Residual);
            Run(device, new ConvInput(next, x.Current, x.Previous), weight, second.Y, scratch, second.Residual);
            return;
        }

        Check(x, weight, first.Y, first.Residual);
        Check(new ConvInput(next, x.Current), weight, second.Y, second.Residual);
        Run(device, new ConvCall(x, weight, first.Y, first.Residual, scratch) { Next = next, NextOutput = second });
    }

    static void Run(Device device, in ConvCall call)
    {
        var (x, weight, y, _, scratch) = call;
        var kind = weight.Kind;
        using var scope = scratch.Scope();
        int frames = kind.Frames() - x.SkippedTaps(kind.Frames());
        int made = call.IsPair ? 2 : 1;
        double taps = call.IsPair ? 9 * (frames + Math.Min(frames + 1, 3)) : frames * (kind == ConvKind.Double ? 4.0 : kind.PlaneTaps());
        double flops = 2.0 * y.Height * y.Width * weight.Inputs * weight.Outputs * taps;
        double bytes = (4.0 * ((x.Current.Values.Count * (frames + made - 1)) + (made * y.Values.Count))) + weight.Bytes;
        if (device.Skips($"Conv{kind}", flops, bytes))
        {
            if (device.Kind == DeviceKind.Cpu)
            {
                ReserveScratch(call);
            }

            return;
        }

        if (weight.Form != WinogradForm.None)
        {
            device.Watch?.Pick(nameof(CpuWinograd));
            CpuWinograd(device, call);
        }
        else
        {
            Variants.Pick(device, y.Values.Shape)(device, call);
        }

        device.Done();
    }

    static void Check(in ConvInput x, ConvWeight weight, Plane y, Plane residual)
    {
        var kind = weight.Kind;
        bool fits = x.Current.Border == kind.Border()
            && x.Current.Channels == weight.Inputs
            && !x.Current.IsPacked
            && (!x.Previous.IsPacked || weight.Form == WinogradForm.FourPair)
            && (x.Oldest.IsEmpty || x.Oldest.IsPacked == x.Previous.IsPacked)
            && y.Channels == weight.Outputs
            && y.Height == kind.OutputExtent(x.Current.Height)
            && y.Width == kind.OutputExtent(x.Current.Width)
            && (kind != ConvKind.Halve || (x.Current.Height % 2 == 0 && x.Current.Width % 2 == 0))
            && (x.Previous.IsEmpty ? x.Oldest.IsEmpty : SameLayout(x.Current, x.Previous))
            && (x.Oldest.IsEmpty || SameLayout(x.Current, x.Oldest))
            && (residual.IsEmpty || (residual.Height == y.Height && residual.Width == y.Width && residual.Channels == y.Channels));
        if (!fits)
        {
            throw new ArgumentException(
                $"{kind} convolution {weight.Inputs} -> {weight.Outputs}: frames {x.Current}, {x.Previous}, {x.Oldest}, residual {residual} and output {y} do not fit together.");
        }
    }

    static bool SameLayout(Plane a, Plane b) =>
        a.Border == b.Border && a.Height == b.Height && a.Width == b.Width && a.Channels == b.Channels;
}
