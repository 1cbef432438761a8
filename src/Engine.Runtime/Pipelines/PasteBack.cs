using Engine.Runtime.Media;
using Engine.Runtime.Motion;

namespace Engine.Runtime.Pipelines;

/// <summary>Puts a source's own pixels back where a clip keeps them, and evens out what would show as an edge around what is new.</summary>
/// <remarks>
/// What is new was made to fit the kept part as the decoder shows it, which differs from the source by what the VAE loses: mostly a slow
/// change of colour. That difference is known where the source is kept. Its means over small squares are carried smoothly into the new part
/// (a membrane, as in Perez et al., Poisson image editing, 2003) and added there.
/// </remarks>
static class PasteBack
{
    /// <summary>Largest change of a new pixel, of 255; more would be another content.</summary>
    public const double Most = 32;

    // Pixels on each side of a square: a latent's, below which decoders lose detail rather than colour.
    const int Cell = 8;

    /// <summary>Puts pixels back.</summary>
    /// <param name="source">The source's frame.</param>
    /// <param name="mask">[H, W], true where the clip is new.</param>
    /// <param name="rgb24">The decoded frame, changed in place.</param>
    /// <param name="even">Even out the edge; else what is new stays as it was decoded.</param>
    public static void Run(Image source, bool[] mask, Span<byte> rgb24, bool even)
    {
        if (even)
        {
            Even(source, mask, rgb24);
        }

        for (int i = 0; i < mask.Length; i++)
        {
            if (!mask[i])
            {
                source.Rgb.AsSpan(i * 3, 3).CopyTo(rgb24[(i * 3)..]);
            }
        }
    }

    static void Even(Image source, bool[] mask, Span<byte> rgb24)
    {
        int columns = (source.Width + Cell - 1) / Cell;
        int rows = (source.Height + Cell - 1) / Cell;
        double[] differences = Fill.Run(Differences(source, mask, rgb24, columns, rows, out bool[] holes), columns, rows, holes);
        for (int i = 0; i < mask.Length; i++)
        {
            if (mask[i])
            {
                double x = Math.Clamp((((i % source.Width) + 0.5) / Cell) - 0.5, 0, columns - 1);
                double y = Math.Clamp((((i / source.Width) + 0.5) / Cell) - 0.5, 0, rows - 1);
                for (int c = 0; c < 3; c++)
                {
                    rgb24[(i * 3) + c] = (byte)Math.Clamp(rgb24[(i * 3) + c] + Sample(differences, columns, rows, x, y, c) + 0.5, 0, 255);
                }
            }
        }
    }

    // Mean over the kept pixels of each square of what the source has more than the decoder shows.
    static double[] Differences(Image source, bool[] mask, ReadOnlySpan<byte> rgb24, int columns, int rows, out bool[] holes)
    {
        var sums = new double[columns * rows * 3];
        var counts = new int[columns * rows];
        for (int i = 0; i < mask.Length; i++)
        {
            if (!mask[i])
            {
                int cell = (i / source.Width / Cell * columns) + (i % source.Width / Cell);
                counts[cell]++;
                for (int c = 0; c < 3; c++)
                {
                    sums[(cell * 3) + c] += source.Rgb[(i * 3) + c] - rgb24[(i * 3) + c];
                }
            }
        }

        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] = counts[i / 3] == 0 ? 0 : Math.Clamp(sums[i] / counts[i / 3], -Most, Most);
        }

        holes = Array.ConvertAll(counts, count => count == 0);
        return sums;
    }

    static double Sample(double[] values, int columns, int rows, double x, double y, int channel)
    {
        int left = (int)x;
        int top = (int)y;
        int right = Math.Min(left + 1, columns - 1);
        int bottom = Math.Min(top + 1, rows - 1);
        double At(int column, int row) => values[(((row * columns) + column) * 3) + channel];
        double above = At(left, top) + ((x - left) * (At(right, top) - At(left, top)));
        double below = At(left, bottom) + ((x - left) * (At(right, bottom) - At(left, bottom)));
        return above + ((y - top) * (below - above));
    }
}
