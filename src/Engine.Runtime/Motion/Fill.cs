using Engine.Runtime.Media;

namespace Engine.Runtime.Motion;

/// <summary>Fills what is uncovered in a picture smoothly from what lies around it.</summary>
/// <remarks>
/// Pull and push: known pixels are averaged down level by level until every cell knows a colour, and on the way back each unknown
/// cell takes the smoothly enlarged colour of the level below. What is known in part takes a part of it. Linear in the pixels, and exact
/// where nothing is missing.
/// </remarks>
static class Fill
{
    /// <summary>The picture with its holes filled.</summary>
    /// <param name="picture">Pixels.</param>
    /// <param name="hole">[H, W], true where a pixel is missing.</param>
    public static Image Run(Image picture, bool[] hole)
    {
        double[] filled = Run(
            Array.ConvertAll(picture.Rgb, value => (double)value), picture.Width, picture.Height, Array.ConvertAll(hole, missing => missing ? 0.0 : 1));
        byte[] rgb = [.. picture.Rgb];
        for (int i = 0; i < rgb.Length; i++)
        {
            if (hole[i / 3])
            {
                rgb[i] = (byte)Math.Clamp(filled[i] + 0.5, 0, 255);
            }
        }

        return new Image(picture.Width, picture.Height, rgb);
    }

    /// <summary>Values of three channels with their holes filled; 0 everywhere when nothing is known.</summary>
    /// <param name="values">[H, W, 3].</param>
    /// <param name="width">W.</param>
    /// <param name="height">H.</param>
    /// <param name="known">[H, W], how far each is known: 0 (missing) to 1.</param>
    public static double[] Run(double[] values, int width, int height, double[] known)
    {
        var level = new Level(width, height);
        known.CopyTo(level.Weight, 0);
        for (int i = 0; i < values.Length; i++)
        {
            level.Colour[i] = known[i / 3] > 0 ? values[i] : 0;
        }

        return Push(level).Colour;
    }

    static Level Push(Level level)
    {
        if (level.Weight.All(w => w >= 1) || (level.Width == 1 && level.Height == 1))
        {
            return level;
        }

        var below = Push(Pull(level));
        for (int i = 0; i < level.Weight.Length; i++)
        {
            double own = level.Weight[i];
            if (own >= 1)
            {
                continue;
            }

            var across = Bilinear.Between(((i % level.Width) + 0.5) / 2, below.Width);
            var down = Bilinear.Between(((i / level.Width) + 0.5) / 2, below.Height);
            for (int c = 0; c < 3; c++)
            {
                level.Colour[(i * 3) + c] = (own * level.Colour[(i * 3) + c]) + ((1 - own) * Bilinear.Sample<double>(below.Colour, below.Width, across, down, c));
            }

            level.Weight[i] = 1;
        }

        return level;
    }

    static Level Pull(Level level)
    {
        var small = new Level((level.Width + 1) / 2, (level.Height + 1) / 2);
        for (int i = 0; i < level.Weight.Length; i++)
        {
            int into = (i / level.Width / 2 * small.Width) + (i % level.Width / 2);
            small.Weight[into] += level.Weight[i];
            for (int c = 0; c < 3; c++)
            {
                small.Colour[(into * 3) + c] += level.Weight[i] * level.Colour[(i * 3) + c];
            }
        }

        for (int i = 0; i < small.Weight.Length; i++)
        {
            if (small.Weight[i] > 0)
            {
                for (int c = 0; c < 3; c++)
                {
                    small.Colour[(i * 3) + c] /= small.Weight[i];
                }

                small.Weight[i] = Math.Min(1, small.Weight[i]);
            }
        }

        return small;
    }

    sealed class Level(int width, int height)
    {
        public int Width => width;

        public int Height => height;

        public double[] Weight { get; } = new double[width * height];

        public double[] Colour { get; } = new double[width * height * 3];
    }
}
