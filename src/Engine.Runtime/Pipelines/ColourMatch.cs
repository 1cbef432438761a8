using Engine.Runtime.Motion;

namespace Engine.Runtime.Pipelines;

/// <summary>Keeps the colours of frames that go on from a clip where that clip left them, as they are shown.</summary>
/// <remarks>
/// <see cref="ColourHold"/> keeps latents from wandering off, but what a decoder makes of them depends on the frames before, so that colours
/// still move. Here each decoded frame is compared with the frame that was gone on from, over squares. A square that shows the same thing
/// in another colour (little is left of the difference once its mean is taken off, and the mean is small) tells how far the colour has
/// moved; squares with another content take on what their neighbours tell. That is taken off, up to <see cref="Most"/>. Where less than
/// <see cref="ColourHold.FewStill"/> of a frame is still (a pan, another scene), nothing is, and above <see cref="ColourHold.ManyStill"/> all of it.
/// Measured in perf/records/extension.md.
/// </remarks>
/// <param name="reference">The frame that is gone on from, rgb24.</param>
/// <param name="width">Pixels in a row.</param>
/// <param name="height">Rows.</param>
sealed class ColourMatch(byte[] reference, int width, int height)
{
    /// <summary>Largest change of a pixel, of 255.</summary>
    public const double Most = 16;

    // Of 255, root mean square: what is left of a difference within a square, and a square's own difference, that halve its say or so.
    const double SpreadWithin = 8;
    const double SpreadOfMean = 14;

    // A thirty-second of the longer side, but no less than a latent.
    readonly ColourCells _cells = new(width, height, Math.Max(8, Math.Max(width, height) / 32));

    /// <summary>Changes a frame in place.</summary>
    /// <param name="rgb24">The frame.</param>
    public void Apply(Span<byte> rgb24)
    {
        double[] moved = Differences(rgb24, out double[] still);
        double part = ColourHold.PartHeld(still.Average());
        if (part > 0)
        {
            moved = Fill.Run(moved, _cells.Columns, _cells.Rows, still);
            _cells.Add(Array.ConvertAll(moved, value => part * Math.Clamp(value, -Most, Most)), rgb24, where: null);
        }
    }

    // Mean difference of each square, and how surely it is one of colour alone.
    double[] Differences(ReadOnlySpan<byte> rgb24, out double[] still)
    {
        var sums = new double[_cells.Count * 3];
        var squares = new double[_cells.Count];
        var counts = new int[_cells.Count];
        for (int i = 0; i < width * height; i++)
        {
            int cell = _cells.Of(i);
            counts[cell]++;
            for (int c = 0; c < 3; c++)
            {
                int difference = reference[(i * 3) + c] - rgb24[(i * 3) + c];
                sums[(cell * 3) + c] += difference;
                squares[cell] += difference * difference;
            }
        }

        still = new double[_cells.Count];
        for (int cell = 0; cell < still.Length; cell++)
        {
            double means = 0;
            for (int c = 0; c < 3; c++)
            {
                double mean = sums[(cell * 3) + c] /= counts[cell];
                means += mean * mean / 3;
            }

            double within = Math.Max(0, (squares[cell] / counts[cell] / 3) - means);
            still[cell] = Math.Exp(-(within / (2 * SpreadWithin * SpreadWithin)) - (means / (2 * SpreadOfMean * SpreadOfMean)));
        }

        return sums;
    }
}
