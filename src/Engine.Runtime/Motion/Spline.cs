namespace Engine.Runtime.Motion;

/// <summary>A smooth curve through timed points: cubic Hermite pieces whose slopes are those between a point's neighbours (Catmull-Rom).</summary>
/// <remarks>It meets every point at its time, stays at the first before it and at the last after it; two points make a straight line.</remarks>
sealed class Spline
{
    readonly (double X, double Y)[] _points;
    readonly double[] _times;

    /// <summary>Makes the curve.</summary>
    /// <param name="points">2 or more points.</param>
    /// <param name="times">When each is reached, 0 to 1 in ascending order.</param>
    public Spline(IReadOnlyList<(double X, double Y)> points, IReadOnlyList<double> times)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(points.Count, 2, nameof(points));
        ArgumentOutOfRangeException.ThrowIfNotEqual(times.Count, points.Count, nameof(times));
        _points = [.. points];
        _times = [.. times];
    }

    /// <summary>Times of a path: as given, or spread evenly.</summary>
    public static double[] Times(IReadOnlyList<MotionPoint> points) =>
        [.. points.Select((p, i) => p.Time ?? (points.Count == 1 ? 0 : (double)i / (points.Count - 1)))];

    /// <summary>Where the curve is at a time of 0 to 1.</summary>
    public (double X, double Y) At(double time)
    {
        int last = _points.Length - 1;
        if (time <= _times[0])
        {
            return _points[0];
        }

        if (time >= _times[last])
        {
            return _points[last];
        }

        int i = 0;
        while (_times[i + 1] < time)
        {
            i++;
        }

        double span = _times[i + 1] - _times[i];
        double u = (time - _times[i]) / span;
        var (a, b) = (_points[i], _points[i + 1]);
        var (from, to) = (Slope(i), Slope(i + 1));
        double h10 = u * (1 - u) * (1 - u) * span;
        double h01 = u * u * (3 - (2 * u));
        double h11 = u * u * (u - 1) * span;
        return (a.X + ((b.X - a.X) * h01) + (from.X * h10) + (to.X * h11), a.Y + ((b.Y - a.Y) * h01) + (from.Y * h10) + (to.Y * h11));
    }

    (double X, double Y) Slope(int i)
    {
        int before = Math.Max(0, i - 1);
        int after = Math.Min(_points.Length - 1, i + 1);
        double span = _times[after] - _times[before];
        return ((_points[after].X - _points[before].X) / span, (_points[after].Y - _points[before].Y) / span);
    }
}
