using Engine.Runtime.Media;

namespace Engine.Runtime.Motion;

/// <summary>From the numbers of a request to pixels of the clip: units, origin, and how the first picture was fitted.</summary>
sealed class Placement
{
    // Fractions may leave the frame by as much as its own size; a path in pixels that stays this small would not be worth drawing.
    const double LeastFraction = -1;
    const double MostFraction = 2;

    readonly bool _fractions;
    readonly bool _fromBelow;
    readonly int _sourceWidth;
    readonly int _sourceHeight;
    readonly double _scaleX;
    readonly double _scaleY;
    readonly double _left;
    readonly double _top;

    /// <summary>Prepares the map.</summary>
    /// <param name="motion">Whose units and origin.</param>
    /// <param name="sourceWidth">Width of the first picture as given, pixels.</param>
    /// <param name="sourceHeight">Its height.</param>
    /// <param name="width">Width of the clip, pixels.</param>
    /// <param name="height">Height of the clip.</param>
    public Placement(MotionRequest motion, int sourceWidth, int sourceHeight, int width, int height)
    {
        _fractions = UnitsOf(motion) == MotionUnits.Fractions;
        _fromBelow = motion.Origin == MotionOrigin.BottomLeft;
        (_sourceWidth, _sourceHeight) = (sourceWidth, sourceHeight);
        (_scaleX, _scaleY, _left, _top) = ImageFit.Window(sourceWidth, sourceHeight, width, height);
    }

    /// <summary>Pixels of the clip in a pixel of the first picture.</summary>
    public double Scale => Math.Sqrt(_scaleX * _scaleY);

    /// <summary>The units as given, or as the numbers show.</summary>
    public static MotionUnits UnitsOf(MotionRequest motion) => motion.Units ?? (Points(motion).All(p =>
        p.X is >= LeastFraction and <= MostFraction && p.Y is >= LeastFraction and <= MostFraction)
        ? MotionUnits.Fractions
        : MotionUnits.Pixels);

    /// <summary>Every point of a request.</summary>
    public static IEnumerable<MotionPoint> Points(MotionRequest motion) =>
        [.. motion.Brushes.SelectMany(b => b.Stroke.Concat(b.Path)), .. motion.Tracks.SelectMany(t => t.Points)];

    /// <summary>A point in pixels of the clip, from its top left corner.</summary>
    public (double X, double Y) Map(MotionPoint point)
    {
        double x = _fractions ? point.X * _sourceWidth : point.X;
        double y = _fractions ? point.Y * _sourceHeight : point.Y;
        y = _fromBelow ? _sourceHeight - y : y;
        return ((x * _scaleX) - _left, (y * _scaleY) - _top);
    }

    /// <summary>The curve of a path.</summary>
    public Spline Path(IReadOnlyList<MotionPoint> points) => new([.. points.Select(Map)], Spline.Times(points));
}
