using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <summary>Minimal filtering after Winograd: which form, or none.</summary>
public enum WinogradForm
{
    /// <summary>Every product of the definition.</summary>
    None,

    /// <summary>F(2x2, 3x3) on the plane: four multiplications per output, 16/9 of the weights' memory.</summary>
    Two,

    /// <summary>F(4x4, 3x3) on the plane: 2.25 multiplications per output, four times the weights' memory.</summary>
    Four,

    /// <summary>
    /// F(4x4, 3x3) on the plane and F(2, 3) in time: 4.5 multiplications per output instead of 27, where two frames are made at a
    /// time; 144/27 of the weights' memory.
    /// </summary>
    FourPair,

    /// <summary>
    /// For <see cref="ConvKind.Double"/>: 9 multiplications for the four outputs of an input pixel instead of 16, 9/16 of the weights' memory.
    /// </summary>
    Shared,
}

/// <summary>Chooses a form.</summary>
public static class WinogradForms
{
    // Transformed weights that cost more memory than this are not worth keeping; see perf/records for the rates.
    const long MostBytesOfFour = 32L << 20;
    const long MostBytesOfTwo = 64L << 20;

    // Those of a pair may instead be made anew for each call, into scratch of at most this size.
    const long MostBytesOnce = 160L << 20;

    // Small ones are kept: planes may be so small that transforming them would take longer than using them.
    const long MostBytesOfPair = 4L << 20;

    /// <summary>The form that runs fastest within reason of memory.</summary>
    /// <param name="device">Device that will run it, or a dry run of it; others than the CPU have no transformed kernels.</param>
    /// <param name="kind">What the convolution does.</param>
    /// <param name="inputs">Channels in.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="fewPixels">True where the layer sees few pixels, one frame at a time, so that a form for pairs has no use and large weights are not worth keeping.</param>
    /// <remarks>With ENGINE_FORCE_CONVOLUTION set no form is chosen, so that the forced variant runs.</remarks>
    public static WinogradForm For(Device device, ConvKind kind, int inputs, int outputs, bool fewPixels)
    {
        if (device.Kind != DeviceKind.Cpu || Convolution.IsForced)
        {
            return WinogradForm.None;
        }

        if (kind == ConvKind.Double)
        {
            return ConvWeight.CanTransform(kind, inputs, WinogradForm.Shared) ? WinogradForm.Shared : WinogradForm.None;
        }

        if (!ConvWeight.CanTransform(kind, inputs, WinogradForm.Four))
        {
            return WinogradForm.None;
        }

        // Made for each call, they cost no memory that the larger planes' layers do not take anyway.
        if (WeightsOf(WinogradForm.FourPair, inputs, outputs) <= MostBytesOnce
            && (!fewPixels || TransformsEachCall(WinogradForm.FourPair, inputs, outputs)))
        {
            return WinogradForm.FourPair;
        }

        return WeightsOf(WinogradForm.Four, inputs, outputs) <= MostBytesOfFour ? WinogradForm.Four
            : !fewPixels && WeightsOf(WinogradForm.Two, inputs, outputs) <= MostBytesOfTwo ? WinogradForm.Two
            : WinogradForm.None;
    }

    /// <summary>True where transformed weights are too large to keep: they are stored plain and transformed for each call.</summary>
    internal static bool TransformsEachCall(WinogradForm form, int inputs, int outputs) =>
        form == WinogradForm.FourPair && WeightsOf(form, inputs, outputs) > MostBytesOfPair;

    /// <summary>Bytes of transformed weights of a causal convolution.</summary>
    internal static long WeightsOf(WinogradForm form, int inputs, int outputs) =>
        (long)form.Points() * form.Steps(inputs, ConvKind.Causal) * ConvWeight.PanelsFor(outputs) * ConvWeight.PanelWidth * sizeof(float);

    /// <summary>Points of a transformed filter: products per tile and channel.</summary>
    internal static int Points(this WinogradForm form) => form switch
    {
        WinogradForm.Two => WinogradTwo.Side * WinogradTwo.Side,
        WinogradForm.Shared => WinogradShared.Side * WinogradShared.Side,
        WinogradForm.FourPair => 4 * WinogradFour.Side * WinogradFour.Side,
        _ => WinogradFour.Side * WinogradFour.Side,
    };

    /// <summary>Steps of one product at a point: channels, times the frames that are summed there.</summary>
    internal static int Steps(this WinogradForm form, int inputs, ConvKind kind) =>
        inputs * (kind == ConvKind.Causal && form != WinogradForm.FourPair ? 3 : 1);
}

/// <summary>One-dimensional transforms of a form; two passes make the transform of a tile.</summary>
/// <remarks>
/// Outputs y = A^T [(G g) * (B^T d)] with A, G, B from the interpolation points, infinity being the last one.
/// Values lie a stride apart and each is a vector of channels.
/// </remarks>
unsafe interface IWinograd
{
    /// <summary>Inputs along a tile's side, and points.</summary>
    static abstract int Side { get; }

    /// <summary>Input pixels from one tile to the next.</summary>
    static abstract int Step { get; }

    /// <summary>Outputs along a tile's side.</summary>
    static abstract int Outputs { get; }

    /// <summary>B^T: Side values to as many.</summary>
    static abstract void Input<T>(float* from, nint fromStride, float* to, nint toStride)
        where T : struct, ILanes<T>;

    /// <summary>A^T: Side values to Outputs.</summary>
    static abstract void Output<T>(float* from, nint fromStride, float* to, nint toStride)
        where T : struct, ILanes<T>;
}
