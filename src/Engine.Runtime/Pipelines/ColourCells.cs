using Engine.Runtime.Motion;

namespace Engine.Runtime.Pipelines;

/// <summary>Slow changes of colour over a frame: a value for each of some squares, and smoothly between their middles.</summary>
/// <param name="width">Pixels in a row of the frame.</param>
/// <param name="height">Rows.</param>
/// <param name="side">Pixels on each side of a square.</param>
sealed class ColourCells(int width, int height, int side)
{
    /// <summary>Squares in a row.</summary>
    public int Columns { get; } = (width + side - 1) / side;

    /// <summary>Rows of squares.</summary>
    public int Rows { get; } = (height + side - 1) / side;

    /// <summary>Number of squares.</summary>
    public int Count => Columns * Rows;

    /// <summary>The square of a pixel, by its index in the frame.</summary>
    public int Of(int pixel) => (pixel / width / side * Columns) + (pixel % width / side);

    /// <summary>Adds to pixels.</summary>
    /// <param name="values">[Rows, Columns, 3], of 255.</param>
    /// <param name="rgb24">The frame, changed in place.</param>
    /// <param name="where">[H, W], true for pixels that are changed; null for all.</param>
    public void Add(double[] values, Span<byte> rgb24, bool[]? where)
    {
        for (int i = 0; i < width * height; i++)
        {
            if (where?[i] == false)
            {
                continue;
            }

            var across = Bilinear.Between(((i % width) + 0.5) / side, Columns);
            var down = Bilinear.Between(((i / width) + 0.5) / side, Rows);
            for (int c = 0; c < 3; c++)
            {
                rgb24[(i * 3) + c] = (byte)Math.Clamp(rgb24[(i * 3) + c] + Sample(values, across, down, c) + 0.5, 0, 255);
            }
        }
    }

    // Where squares agree the result is exactly theirs, so that rounding to bytes makes no pattern.
    double Sample(double[] values, (int Low, int High, double Part) across, (int Low, int High, double Part) down, int channel)
    {
        double At(int column, int row) => values[(((row * Columns) + column) * 3) + channel];
        double above = At(across.Low, down.Low) + (across.Part * (At(across.High, down.Low) - At(across.Low, down.Low)));
        double below = At(across.Low, down.High) + (across.Part * (At(across.High, down.High) - At(across.Low, down.High)));
        return above + (down.Part * (below - above));
    }
}
