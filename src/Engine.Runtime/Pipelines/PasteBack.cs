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
    const int Side = 8;

    /// <summary>Puts pixels back.</summary>
    /// <param name="source">The source's frame.</param>
    /// <param name="mask">[H, W], true where the clip is new.</param>
    /// <param name="rgb24">The decoded frame, changed in place.</param>
    /// <param name="even">Even out the edge; else what is new stays as it was decoded.</param>
    public static void Run(Image source, bool[] mask, Span<byte> rgb24, bool even)
    {
        if (even)
        {
            var cells = new ColourCells(source.Width, source.Height, Side);
            double[] differences = Differences(cells, source, mask, rgb24, out double[] known);
            cells.Add(Fill.Run(differences, cells.Columns, cells.Rows, known), rgb24, mask);
        }

        for (int i = 0; i < mask.Length; i++)
        {
            if (!mask[i])
            {
                source.Rgb.AsSpan(i * 3, 3).CopyTo(rgb24[(i * 3)..]);
            }
        }
    }

    // Mean over the kept pixels of each square of what the source has more than the decoder shows.
    static double[] Differences(ColourCells cells, Image source, bool[] mask, ReadOnlySpan<byte> rgb24, out double[] known)
    {
        var sums = new double[cells.Count * 3];
        var counts = new int[cells.Count];
        for (int i = 0; i < mask.Length; i++)
        {
            if (!mask[i])
            {
                int cell = cells.Of(i);
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

        known = Array.ConvertAll(counts, count => count == 0 ? 0.0 : 1);
        return sums;
    }
}
