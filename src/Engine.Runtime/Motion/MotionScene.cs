using Engine.Runtime.Media;

namespace Engine.Runtime.Motion;

/// <summary>A motion request in pixels of the clip: regions, tracks, what stays, and the camera.</summary>
sealed class MotionScene
{
    /// <summary>Brush of a track where a region is needed, and of a stroke that names none; pixels of the first picture.</summary>
    public const double DefaultBrush = 20;

    const int MaskThreshold = 128;

    /// <summary>The first frame at the clip's size.</summary>
    public required Image First { get; init; }

    /// <summary>Frames of the clip.</summary>
    public required int Frames { get; init; }

    /// <summary>What moves, in the order given; the last one is in front.</summary>
    public required IReadOnlyList<Region> Regions { get; init; }

    /// <summary>Points that move.</summary>
    public required IReadOnlyList<PointTrack> Tracks { get; init; }

    /// <summary>[H, W], true where nothing may move; null when nothing is said.</summary>
    public bool[]? Static { get; init; }

    /// <summary>The camera in each frame as the first frame's camera sees it; empty without a camera.</summary>
    public IReadOnlyList<CameraPose> Poses { get; init; } = [];

    /// <summary>Diameter of the disc that a track drags, pixels of the clip.</summary>
    public required double TrackBrush { get; init; }

    /// <summary>Width of a frame.</summary>
    public int Width => First.Width;

    /// <summary>Height of a frame.</summary>
    public int Height => First.Height;

    /// <summary>Reads the pictures of a request and brings everything to the clip's size.</summary>
    /// <param name="motion">The request.</param>
    /// <param name="picture">The first picture.</param>
    /// <param name="width">Width of the clip.</param>
    /// <param name="height">Height of the clip.</param>
    /// <param name="frames">Frames of the clip.</param>
    /// <param name="warps">True when the camera moves across the first picture.</param>
    /// <exception cref="RequestException">A mask has another size than the first picture, a region is empty or outside the frame, or poses do not fit.</exception>
    public static MotionScene Load(MotionRequest motion, PictureInput picture, int width, int height, int frames, bool warps)
    {
        var original = Pictures.Load(picture);
        var place = new Placement(motion, original.Width, original.Height, width, height);
        var problems = new List<RequestProblem>();
        bool[]? still = motion.StaticMask is { } mask ? Mask(problems, "motion.static_mask", mask, original, width, height) : null;
        var regions = new List<Region>();
        for (int i = 0; i < motion.Brushes.Count; i++)
        {
            if (Brush(problems, motion.Brushes[i], i, original, place, width, height) is { } region)
            {
                regions.Add(region);
            }
        }

        TracksStart(problems, motion, place, width, height);
        if (problems.Count > 0)
        {
            throw new RequestException(problems);
        }

        return new MotionScene
        {
            First = ImageFit.Cover(original, width, height, picture.ToString()).Image,
            Frames = frames,
            TrackBrush = DefaultBrush * place.Scale,
            Regions = regions,
            Tracks = [.. motion.Tracks.Select((t, i) => PointTrack.Of($"track {i + 1}", t, place, frames))],
            Static = still,
            Poses = warps && motion.Camera is { } camera ? Relative(CameraPath.Poses(camera, frames)) : [],
        };
    }

    /// <summary>Time of a frame, 0 to 1.</summary>
    public double TimeOf(int frame) => Frames == 1 ? 0 : (double)frame / (Frames - 1);

    /// <summary>The regions, and a disc around the start of each track: what is cut out and dragged.</summary>
    public IEnumerable<Region> Dragged()
    {
        foreach (var region in Regions)
        {
            yield return region;
        }

        foreach (var track in Tracks)
        {
            yield return Region.Of(track.Name, Stroke.Draw([track.Points[0]], TrackBrush, Width, Height), Width, track.Curve);
        }
    }

    static Region? Brush(List<RequestProblem> problems, MotionBrush brush, int index, Image original, Placement place, int width, int height)
    {
        string field = $"motion.brushes[{index}]";
        bool[]? mask = brush.Mask is { } picture
            ? Mask(problems, $"{field}.mask", picture, original, width, height)
            : Stroke.Draw([.. brush.Stroke.Select(place.Map)], (brush.BrushSize ?? DefaultBrush) * place.Scale, width, height);
        if (mask is null)
        {
            return null;
        }

        if (!mask.Contains(true))
        {
            problems.Add(new($"{field}.{(brush.Mask is null ? "stroke" : "mask")}", $"the region lies outside the frame of {width}x{height}; draw it on the part of the picture that the clip shows."));
            return null;
        }

        return Region.Of($"brush {index + 1}", mask, width, place.Path(brush.Path), brush.Scale ?? 1, brush.Rotate ?? 0);
    }

    static void TracksStart(List<RequestProblem> problems, MotionRequest motion, Placement place, int width, int height)
    {
        for (int i = 0; i < motion.Tracks.Count; i++)
        {
            var (x, y) = place.Map(motion.Tracks[i].Points[0]);
            if (!(x >= 0 && x < width && y >= 0 && y < height))
            {
                problems.Add(new($"motion.tracks[{i}]", $"its first point lies outside the frame of {width}x{height}; begin it on the part of the picture that the clip shows."));
            }
        }
    }

    static bool[]? Mask(List<RequestProblem> problems, string field, PictureInput input, Image original, int width, int height)
    {
        var mask = Pictures.Grey(input);
        if (mask.Width != original.Width || mask.Height != original.Height)
        {
            problems.Add(new(field, $"the mask is {mask.Width}x{mask.Height}, and the first picture is {original.Width}x{original.Height}; give a mask of the picture's own size."));
            return null;
        }

        if (!mask.Values.Any(v => v >= MaskThreshold))
        {
            problems.Add(new(field, "nothing in the mask is white; paint the region white on black."));
            return null;
        }

        return Array.ConvertAll(ImageFit.Cover(mask, width, height, "mask").Mask.Values, v => v >= MaskThreshold);
    }

    static CameraPose[] Relative(IReadOnlyList<CameraPose> poses) => [.. poses.Select(p => p.RelativeTo(poses[0]))];
}

/// <summary>A point's place in every frame, in pixels of the clip.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Points">One per frame.</param>
/// <param name="Visible">One per frame.</param>
/// <param name="Curve">The same as a curve.</param>
sealed record PointTrack(string Name, IReadOnlyList<(double X, double Y)> Points, IReadOnlyList<bool> Visible, Spline Curve)
{
    /// <summary>Spreads a track over the frames; one with a point for each frame is taken as it is.</summary>
    public static PointTrack Of(string name, MotionTrack track, Placement place, int frames)
    {
        var curve = place.Path(track.Points);
        bool dense = track.Points.Count == frames && track.Points.All(p => p.Time is null);
        double[] times = Spline.Times(track.Points);
        double Time(int frame) => frames == 1 ? 0 : (double)frame / (frames - 1);

        // Between two points a track is seen as at the nearer one.
        int Nearest(int frame) => Enumerable.Range(0, times.Length).MinBy(i => Math.Abs(times[i] - Time(frame)));
        return new PointTrack(
            name,
            [.. Enumerable.Range(0, frames).Select(f => dense ? place.Map(track.Points[f]) : curve.At(Time(f)))],
            [.. Enumerable.Range(0, frames).Select(f => track.Visible.Count == 0 || track.Visible[dense ? f : Nearest(f)])],
            curve);
    }
}
