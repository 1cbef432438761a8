using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <summary>Transforms plain weights to those of <see cref="WinogradForm.FourPair"/> for one call: on the plane, and in time for two frames.</summary>
/// <remarks>
/// From [panel][tap][channel][16] to [set][point][panel][channel][16], where a set is a point in time, or a tap in time where one
/// frame is made; in f32, which adds about 1e-7 to the error of the sums.
/// </remarks>
readonly unsafe struct WinogradFilterJob<TLanes>(ConvWeight weight, float* to, int firstSet, int sets) : IPartitioned
    where TLanes : struct, ILanes<TLanes>
{
    // Channels whose points are gathered before they are written in runs: a store to each of 36 distant lines at a time is slow.
    const int RunChannels = 16;

    /// <summary>Parts: a panel of a set each.</summary>
    public int Parts => (sets - firstSet) * weight.Panels;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int part)
    {
        int set = firstSet + (part / weight.Panels);
        int panel = part % weight.Panels;
        nint tap = (nint)weight.Inputs * ConvWeight.PanelWidth;
        nint point = weight.Panels * tap;
        float* from = weight.Packed + (panel * 27 * tap);
        float* target = to + (set * 36 * point) + (panel * tap);
        const int run = RunChannels * ConvWeight.PanelWidth;
        float* gathered = stackalloc float[36 * run];
        float* mixed = stackalloc float[9 * 16];
        float* half = stackalloc float[18 * 16];
        for (nint first = 0; first < tap; first += run)
        {
            for (nint at = 0; at < run; at += TLanes.Width)
            {
                for (int i = 0; i < 9; i++)
                {
                    Mix(set, from + (i * tap) + first + at, 9 * tap).Store(mixed + (i * TLanes.Width));
                }

                for (int x = 0; x < 3; x++)
                {
                    Filter(mixed + (x * TLanes.Width), 3 * TLanes.Width, half + (x * TLanes.Width), 3 * TLanes.Width);
                }

                for (int y = 0; y < 6; y++)
                {
                    Filter(half + (y * 3 * TLanes.Width), TLanes.Width, gathered + (y * 6 * run) + at, run);
                }
            }

            for (int i = 0; i < 36; i++)
            {
                Buffer.MemoryCopy(gathered + (i * run), target + (i * point) + first, run * sizeof(float), run * sizeof(float));
            }
        }
    }

    // A tap in time, or a row of G of F(2, 3).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    TLanes Mix(int set, float* from, nint frame)
    {
        if (sets == 3)
        {
            return TLanes.Load(from + (set * frame));
        }

        if (set is 0 or 3)
        {
            return TLanes.Load(from + (set == 0 ? 0 : 2 * frame));
        }

        var outer = TLanes.Load(from) + TLanes.Load(from + (2 * frame));
        var middle = TLanes.Load(from + frame);
        return (set == 1 ? outer + middle : outer - middle) * TLanes.All(0.5f);
    }

    // G of F(4, 3); the rows of a point and its opposite share their even and odd parts.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Filter(float* from, nint fromStride, float* to, nint toStride)
    {
        var g0 = TLanes.Load(from);
        var g1 = TLanes.Load(from + fromStride);
        var g2 = TLanes.Load(from + (2 * fromStride));
        (g0 * TLanes.All((float)WinogradFilter.OfFour[0])).Store(to);
        for (int i = 1; i < 5; i += 2)
        {
            var even = TLanes.MultiplyAdd(g0, TLanes.All((float)WinogradFilter.OfFour[i * 3]), g2 * TLanes.All((float)WinogradFilter.OfFour[(i * 3) + 2]));
            var odd = g1 * TLanes.All((float)WinogradFilter.OfFour[(i * 3) + 1]);
            (even + odd).Store(to + (i * toStride));
            (even - odd).Store(to + ((i + 1) * toStride));
        }

        g2.Store(to + (5 * toStride));
    }
}
