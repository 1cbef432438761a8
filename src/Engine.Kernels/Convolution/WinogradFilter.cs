using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <summary>The transform of the filter, made once at load in double precision.</summary>
static class WinogradFilter
{
    // G of F(2, 3): points 0, 1, -1, infinity.
    static readonly double[] s_two = [1, 0, 0, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0, 0, 1];
    static readonly double[] s_four = Four(WinogradFour.A, WinogradFour.B);

    // First tap, all three, last tap: see WinogradShared.
    static readonly double[] s_shared = [1, 0, 0, 1, 1, 1, 0, 0, 1];

    /// <summary>G of F(4, 3), [6, 3].</summary>
    public static ReadOnlySpan<double> OfFour => s_four;

    /// <summary>The taps of one (output, input) pair to its points: G g G^T, after G in time for a pair of frames.</summary>
    /// <param name="form">Which.</param>
    /// <param name="taps">[frames, 3, 3].</param>
    /// <param name="points">Receives [points] of each frame, or of each point in time.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transform(WinogradForm form, ReadOnlySpan<float> taps, Span<float> points)
    {
        Span<double> plane = stackalloc double[9];
        int planes = form == WinogradForm.FourPair ? 4 : taps.Length / 9;
        int count = points.Length / planes;
        for (int t = 0; t < planes; t++)
        {
            for (int i = 0; i < 9; i++)
            {
                plane[i] = form == WinogradForm.FourPair
                    ? (s_two[t * 3] * taps[i]) + (s_two[(t * 3) + 1] * taps[9 + i]) + (s_two[(t * 3) + 2] * taps[18 + i])
                    : taps[(t * 9) + i];
            }

            OnPlane(form switch { WinogradForm.Two => s_two, WinogradForm.Shared => s_shared, _ => s_four }, plane, points.Slice(t * count, count));
        }
    }

    static void OnPlane(double[] g, Span<double> filter, Span<float> points)
    {
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
