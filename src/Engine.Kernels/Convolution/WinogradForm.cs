using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <summary>Winograd's minimal filtering of 3x3 on the plane: which tile size, or none.</summary>
public enum WinogradForm
{
    /// <summary>Nine multiplications per output.</summary>
    None,

    /// <summary>F(2x2, 3x3): four multiplications per output, 16/9 of the weights' memory.</summary>
    Two,

    /// <summary>F(4x4, 3x3): 2.25 multiplications per output, four times the weights' memory.</summary>
    Four,
}

/// <summary>Chooses a form.</summary>
public static class WinogradForms
{
    // Transformed weights that cost more memory than this are not worth it; see perf/records for the rates.
    const long MostBytesOfFour = 32L << 20;
    const long MostBytesOfTwo = 64L << 20;

    /// <summary>The form that runs fastest within reason of memory.</summary>
    /// <param name="device">Device that will run it, or a dry run of it; others than the CPU have no transformed kernels.</param>
    /// <param name="kind">What the convolution does.</param>
    /// <param name="inputs">Channels in.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="fewPixels">True where the layer sees so few pixels that its time does not matter but its weights do.</param>
    /// <remarks>With ENGINE_FORCE_CONVOLUTION set no form is chosen, so that the forced variant runs.</remarks>
    public static WinogradForm For(Device device, ConvKind kind, int inputs, int outputs, bool fewPixels)
    {
        if (device.Kind != DeviceKind.Cpu || !ConvWeight.CanTransform(kind, inputs) || Convolution.IsForced)
        {
            return WinogradForm.None;
        }

        long bytesPerPoint = 3L * inputs * ConvWeight.PanelsFor(outputs) * ConvWeight.PanelWidth * sizeof(float);
        return WinogradFilter.Points(WinogradForm.Four) * bytesPerPoint <= MostBytesOfFour ? WinogradForm.Four
            : !fewPixels && WinogradFilter.Points(WinogradForm.Two) * bytesPerPoint <= MostBytesOfTwo ? WinogradForm.Two
            : WinogradForm.None;
    }
}

/// <summary>One-dimensional transforms of a form; two passes make the transform of a tile.</summary>
/// <remarks>
/// Outputs y = A^T [(G g) * (B^T d)] with A, G, B from the interpolation points, infinity being the last one.
/// Values lie a stride apart and each is a vector of channels.
/// </remarks>
unsafe interface IWinograd
{
    /// <summary>Outputs along a side.</summary>
    static abstract int Outputs { get; }

    /// <summary>B^T: Outputs + 2 values to as many.</summary>
    static abstract void Input<T>(float* from, nint fromStride, float* to, nint toStride)
        where T : struct, ILanes<T>;

    /// <summary>A^T: Outputs + 2 values to Outputs.</summary>
    static abstract void Output<T>(float* from, nint fromStride, float* to, nint toStride)
        where T : struct, ILanes<T>;
}

/// <summary>The transform of the filter, made once at load in double precision.</summary>
static class WinogradFilter
{
    // G of F(2, 3): points 0, 1, -1, infinity.
    static readonly double[] s_two = [1, 0, 0, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0, 0, 1];
    static readonly double[] s_four = Four(WinogradFour.A, WinogradFour.B);

    /// <summary>Points of a transformed filter: the square of a tile's side.</summary>
    public static int Points(WinogradForm form) => form == WinogradForm.Two ? 16 : 36;

    /// <summary>G g G^T.</summary>
    /// <param name="form">Which.</param>
    /// <param name="filter">3x3 values.</param>
    /// <param name="points">Receives the transformed filter.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(WinogradForm form, ReadOnlySpan<float> filter, Span<float> points)
    {
        double[] g = form == WinogradForm.Two ? s_two : s_four;
        int side = g.Length / 3;
        Span<double> half = stackalloc double[6 * 3];
        for (int i = 0; i < side * 3; i++)
        {
            int at = i / 3 * 3;
            half[i] = (g[at] * filter[i % 3]) + (g[at + 1] * filter[3 + (i % 3)]) + (g[at + 2] * filter[6 + (i % 3)]);
        }

        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                points[(y * side) + x] = (float)((half[y * 3] * g[x * 3]) + (half[(y * 3) + 1] * g[(x * 3) + 1]) + (half[(y * 3) + 2] * g[(x * 3) + 2]));
            }
        }
    }

    // G for the points 0, a, -a, b, -b, infinity: powers of each point over the product of its distances to the others.
    static double[] Four(double a, double b)
    {
        double na = 2 * a * a * ((a * a) - (b * b));
        double nb = 2 * b * b * ((b * b) - (a * a));
        return
        [
            1 / (a * a * b * b), 0, 0,
            1 / na, a / na, a * a / na,
            1 / na, -a / na, a * a / na,
            1 / nb, b / nb, b * b / nb,
            1 / nb, -b / nb, b * b / nb,
            0, 0, 1,
        ];
    }
}
