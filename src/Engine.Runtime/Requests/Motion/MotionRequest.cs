using System.Text.Json.Serialization;

namespace Engine.Runtime;

/// <summary>Where things go and how the camera moves: what a user draws over the first picture.</summary>
/// <remarks>
/// Coordinates are those of the first picture at its own size. Everything is checked before a weight is read
/// (<see cref="IVideoEngine.ResolveAsync"/>).
/// Two ways play it: Wan-Move, for checkpoints trained on tracks, and Time-to-Move, for every model that takes a first frame.
/// </remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MotionRequest
{
    /// <summary>Most points of a path.</summary>
    public const int MaxPoints = 77;

    /// <summary>Largest brush, pixels of the first picture.</summary>
    public const double MaxBrushSize = 50;

    /// <summary>Most brushes and tracks of one request.</summary>
    public const int MaxRegions = 1024;

    /// <summary>Regions that move, each along its path. Where two meet, the later one is in front.</summary>
    public IReadOnlyList<MotionBrush> Brushes { get; init => field = value ?? []; } = [];

    /// <summary>Single points that move, as a tracker finds them. They come after the brushes.</summary>
    public IReadOnlyList<MotionTrack> Tracks { get; init => field = value ?? []; } = [];

    /// <summary>A picture that is white where nothing may move; as large as the first picture.</summary>
    public PictureInput? StaticMask { get; init; }

    /// <summary>How the camera moves.</summary>
    public CameraRequest? Camera { get; init; }

    /// <summary>What numbers mean; null takes fractions where all lie within -1 to 2, else pixels.</summary>
    public MotionUnits? Units { get; init; }

    /// <summary>Where (0, 0) is.</summary>
    public MotionOrigin Origin { get; init; }

    /// <summary>How brushes and tracks are played; null picks Wan-Move for checkpoints made for it, else Time-to-Move.</summary>
    public MotionMethod? Method { get; init; }

    /// <summary>Time-to-Move: step at which sampling starts from the noised dragged clip; null takes the model's own.</summary>
    public int? TweakIndex { get; init; }

    /// <summary>Time-to-Move: up to this step, what is brushed is put back after every step; null takes the model's own.</summary>
    public int? StrongIndex { get; init; }

    /// <summary>Time-to-Move: a dragged clip made elsewhere, in place of brushes; needs <see cref="DragMask"/>.</summary>
    public ClipInput? DragVideo { get; init; }

    /// <summary>Time-to-Move: white where <see cref="DragVideo"/> shows what was dragged, frame by frame.</summary>
    public ClipInput? DragMask { get; init; }

    /// <summary>True when something in the picture is to move or to stay.</summary>
    internal bool HasRegions => Brushes.Count > 0 || Tracks.Count > 0 || StaticMask is not null || DragVideo is not null || DragMask is not null;
}

/// <summary>A region of the first picture and the path along which it moves.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MotionBrush
{
    /// <summary>The region as a picture that is white in it, as large as the first picture. Give this or <see cref="Stroke"/>.</summary>
    public PictureInput? Mask { get; init; }

    /// <summary>The region as a stroke of a round brush through these points; one point is a disc.</summary>
    public IReadOnlyList<MotionPoint> Stroke { get; init => field = value ?? []; } = [];

    /// <summary>Diameter of the stroke's brush, pixels of the first picture: 1 to <see cref="MotionRequest.MaxBrushSize"/>; null means 20.</summary>
    public double? BrushSize { get; init; }

    /// <summary>Where the region goes: 2 to <see cref="MotionRequest.MaxPoints"/> points, a smooth curve through them. The region moves as far as the path does.</summary>
    public IReadOnlyList<MotionPoint> Path { get; init => field = value ?? []; } = [];

    /// <summary>Size at the end over size at the start; null means 1.</summary>
    public double? Scale { get; init; }

    /// <summary>Degrees that the region has turned clockwise at the end; null means 0.</summary>
    public double? Rotate { get; init; }
}

/// <summary>A point of the first picture and where it is in the course of the clip.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MotionTrack
{
    /// <summary>2 to <see cref="MotionRequest.MaxPoints"/> points, or one for each frame.</summary>
    public IReadOnlyList<MotionPoint> Points { get; init => field = value ?? []; } = [];

    /// <summary>Whether it is seen: one for each point, or none, which means always.</summary>
    public IReadOnlyList<bool> Visible { get; init => field = value ?? []; } = [];
}

/// <summary>A point, and when it is reached.</summary>
/// <param name="X">To the right; pixels or fractions of the width.</param>
/// <param name="Y">Down (up for <see cref="MotionOrigin.BottomLeft"/>); pixels or fractions of the height.</param>
/// <param name="Time">0 (first frame) to 1 (last frame); null spreads the points evenly.</param>
[JsonConverter(typeof(MotionPointJson))]
public readonly record struct MotionPoint(double X, double Y, double? Time = null);

/// <summary>What the numbers of points mean.</summary>
public enum MotionUnits
{
    /// <summary>Fractions of width and height.</summary>
    Fractions,

    /// <summary>Pixels of the first picture.</summary>
    Pixels,
}

/// <summary>Where (0, 0) is.</summary>
public enum MotionOrigin
{
    /// <summary>In the top left corner; y grows downwards.</summary>
    TopLeft,

    /// <summary>In the bottom left corner; y grows upwards, as in Kling's interface.</summary>
    BottomLeft,
}

/// <summary>How brushes and tracks are played.</summary>
public enum MotionMethod
{
    /// <summary>First-frame features are copied along the tracks into the conditioning latent; for Wan-Move checkpoints.</summary>
    WanMove,

    /// <summary>Sampling starts from a noised clip in which the regions were dragged; for every model that takes a first frame.</summary>
    TimeToMove,
}
