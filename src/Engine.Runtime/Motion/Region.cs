namespace Engine.Runtime.Motion;

/// <summary>A region of the first frame and how it moves, in pixels of the clip.</summary>
/// <param name="Name">What messages call it: brush 1, track 3.</param>
/// <param name="Mask">[H, W], true in the region.</param>
/// <param name="Path">Where it goes; only differences from its start matter.</param>
/// <param name="Scale">Size at the end over size at the start.</param>
/// <param name="Turn">Radians turned clockwise at the end.</param>
sealed record Region(string Name, bool[] Mask, Spline Path, double Scale, double Turn)
{
    /// <summary>Centre of the region, about which it is scaled and turned.</summary>
    public (double X, double Y) Centre { get; init; }

    /// <summary>Rectangle of the region in the first frame: left, top, right, bottom, the latter two exclusive.</summary>
    public (int Left, int Top, int Right, int Bottom) Bounds { get; init; }

    /// <summary>A region with its centre and bounds.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="mask">[H, W], with at least one pixel.</param>
    /// <param name="width">W.</param>
    /// <param name="path">Where it goes.</param>
    /// <param name="scale">Size at the end over size at the start.</param>
    /// <param name="degrees">Degrees turned clockwise at the end.</param>
    public static Region Of(string name, bool[] mask, int width, Spline path, double scale = 1, double degrees = 0)
    {
        double x = 0;
        double y = 0;
        int count = 0;
        var (left, top, right, bottom) = (int.MaxValue, int.MaxValue, 0, 0);
        for (int i = 0; i < mask.Length; i++)
        {
            if (mask[i])
            {
                var (column, row) = (i % width, i / width);
                x += column + 0.5;
                y += row + 0.5;
                count++;
                (left, top) = (Math.Min(left, column), Math.Min(top, row));
                (right, bottom) = (Math.Max(right, column + 1), Math.Max(bottom, row + 1));
            }
        }

        return new Region(name, mask, path, scale, degrees * Math.PI / 180)
        {
            Centre = (x / count, y / count),
            Bounds = (left, top, right, bottom),
        };
    }

    /// <summary>How the region lies at a time of 0 to 1.</summary>
    public Pose At(double time)
    {
        var (start, now) = (Path.At(0), Path.At(time));
        double size = 1 + ((Scale - 1) * time);
        return new Pose(Centre.X + now.X - start.X, Centre.Y + now.Y - start.Y, Centre, size, Turn * time);
    }

    /// <summary>A place, size and turn.</summary>
    /// <param name="X">Where the centre is.</param>
    /// <param name="Y">Where the centre is.</param>
    /// <param name="Origin">Where it was in the first frame.</param>
    /// <param name="Size">Factor.</param>
    /// <param name="Turn">Radians, clockwise.</param>
    internal readonly record struct Pose(double X, double Y, (double X, double Y) Origin, double Size, double Turn)
    {
        /// <summary>Where a point of the frame comes from in the first frame.</summary>
        public (double X, double Y) Source(double x, double y)
        {
            var (sin, cos) = Math.SinCos(Turn);
            var (dx, dy) = ((x - X) / Size, (y - Y) / Size);
            return (Origin.X + (cos * dx) + (sin * dy), Origin.Y - (sin * dx) + (cos * dy));
        }

        /// <summary>Where a point of the first frame goes.</summary>
        public (double X, double Y) Target(double x, double y)
        {
            var (sin, cos) = Math.SinCos(Turn);
            var (dx, dy) = ((x - Origin.X) * Size, (y - Origin.Y) * Size);
            return (X + (cos * dx) - (sin * dy), Y + (sin * dx) + (cos * dy));
        }
    }
}
