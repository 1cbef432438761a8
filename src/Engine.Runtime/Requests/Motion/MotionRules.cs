using System.Globalization;

namespace Engine.Runtime;

/// <summary>Checks of a motion request that need neither a model nor a picture.</summary>
static class MotionRules
{
    // Far outside any picture; beyond it, a number is a mistake.
    const double FarthestPoint = 1e6;
    const double SmallestScale = 0.1;
    const double LargestScale = 10;
    const double MostDegrees = 3600;

    /// <summary>Adds everything that is wrong.</summary>
    public static void Check(List<RequestProblem> found, VideoRequest request)
    {
        if (request.Motion is not { } motion)
        {
            return;
        }

        if (motion.Brushes is null || motion.Tracks is null)
        {
            found.Add(new("motion", "its lists of brushes and tracks may be empty but not null."));
            return;
        }

        if (motion is { HasRegions: false, Camera: null })
        {
            found.Add(new("motion", "says nothing; give it brushes, tracks, a static mask or a camera, or leave it out."));
        }

        if (motion.Brushes.Count + motion.Tracks.Count > MotionRequest.MaxRegions)
        {
            found.Add(new("motion", $"has {motion.Brushes.Count + motion.Tracks.Count} brushes and tracks; at most {MotionRequest.MaxRegions} are taken."));
            return;
        }

        for (int i = 0; i < motion.Brushes.Count; i++)
        {
            Brush(found, $"motion.brushes[{i}]", motion.Brushes[i]);
        }

        for (int i = 0; i < motion.Tracks.Count; i++)
        {
            Track(found, $"motion.tracks[{i}]", motion.Tracks[i]);
        }

        Drag(found, motion);
        if (motion.HasRegions && request.FirstFrame is null)
        {
            found.Add(new("motion", "moves things in a first frame; give one as first_frame."));
        }

        if (motion.Camera is { } camera)
        {
            Camera(found, camera);
        }

        foreach (var (field, value) in new[] { ("motion.tweak_index", motion.TweakIndex), ("motion.strong_index", motion.StrongIndex) })
        {
            if (value is < 0)
            {
                found.Add(new(field, $"{value} is not possible; it takes a step of 0 or more."));
            }
        }
    }

    /// <summary>Pictures, clips and files of a motion request, with the fields that name them.</summary>
    public static IEnumerable<(string Field, string? Path, string What, bool Folder)> Files(MotionRequest? motion)
    {
        if (motion is null)
        {
            yield break;
        }

        for (int i = 0; i < motion.Brushes.Count; i++)
        {
            yield return ($"motion.brushes[{i}].mask", motion.Brushes[i].Mask?.Path, "picture", false);
        }

        yield return ("motion.static_mask", motion.StaticMask?.Path, "picture", false);
        yield return ("motion.drag_video", motion.DragVideo?.Path, "clip", true);
        yield return ("motion.drag_mask", motion.DragMask?.Path, "clip", true);
        yield return ("motion.camera.poses_file", motion.Camera?.PosesFile, "file of poses", false);
    }

    static void Brush(List<RequestProblem> found, string field, MotionBrush brush)
    {
        if (brush.Mask is null == (brush.Stroke.Count == 0))
        {
            found.Add(new(field, brush.Mask is null ? "has no region; give a mask or a stroke." : "has a mask and a stroke; give one of the two."));
        }

        if (brush.Mask is not null && brush.BrushSize is not null)
        {
            found.Add(new($"{field}.brush_size", "applies to a stroke; this region is a mask."));
        }

        if (brush.BrushSize is { } size && !(size >= 1 && size <= MotionRequest.MaxBrushSize))
        {
            found.Add(new($"{field}.brush_size", string.Create(CultureInfo.InvariantCulture, $"{size} is not possible; a brush is 1 to {MotionRequest.MaxBrushSize} pixels wide.")));
        }

        Points(found, $"{field}.stroke", brush.Stroke, 0, MotionRequest.MaxPoints * 100, timed: false);
        Points(found, $"{field}.path", brush.Path, 2, MotionRequest.MaxPoints, timed: true);
        Real(found, $"{field}.scale", brush.Scale, SmallestScale, LargestScale);
        Real(found, $"{field}.rotate", brush.Rotate, -MostDegrees, MostDegrees);
    }

    static void Track(List<RequestProblem> found, string field, MotionTrack track)
    {
        // Whether a longer one has a point for each frame is seen once the clip's length is known.
        Points(found, $"{field}.points", track.Points, 2, 1 << 16, timed: true);
        if (track.Visible.Count != 0 && track.Visible.Count != track.Points.Count)
        {
            found.Add(new($"{field}.visible", $"has {track.Visible.Count} entries for {track.Points.Count} points; give one for each, or none."));
        }
    }

    static void Points(List<RequestProblem> found, string field, IReadOnlyList<MotionPoint> points, int fewest, int most, bool timed)
    {
        if (points.Count < fewest || points.Count > most)
        {
            found.Add(new(field, $"has {points.Count} {(points.Count == 1 ? "point" : "points")}; it takes {fewest} to {most}."));
            return;
        }

        if (points.Any(p => !(Math.Abs(p.X) <= FarthestPoint && Math.Abs(p.Y) <= FarthestPoint)))
        {
            found.Add(new(field, "has a point that is no place in a picture."));
        }

        double[] times = [.. points.Where(p => p.Time is not null).Select(p => p.Time!.Value)];
        if (times.Length == 0)
        {
            return;
        }

        if (!timed)
        {
            found.Add(new(field, "has times, which only paths have."));
        }
        else if (times.Length != points.Count || !times.All(t => t is >= 0 and <= 1) || times.Zip(times.Skip(1)).Any(t => t.First >= t.Second))
        {
            found.Add(new(field, "has times that do not rise from point to point within 0 and 1; give one for each point, or none."));
        }
    }

    static void Drag(List<RequestProblem> found, MotionRequest motion)
    {
        if (motion.DragVideo is null != motion.DragMask is null)
        {
            found.Add(new("motion.drag_video", "and drag_mask belong together; give both."));
        }

        if (motion.DragVideo is not null && (motion.Brushes.Count > 0 || motion.Tracks.Count > 0 || motion.StaticMask is not null))
        {
            found.Add(new("motion.drag_video", "is a dragged clip already; leave out brushes, tracks and the static mask."));
        }
    }

    static void Camera(List<RequestProblem> found, CameraRequest camera)
    {
        if (camera.PosesFile is not null && (camera.Moves.Count > 0 || camera.Control is not null))
        {
            found.Add(new("motion.camera", "has a file of poses and moves; give one of the two."));
        }
        else if (camera.PosesFile is null && camera.Moves.Count == 0 && camera.Control is null)
        {
            found.Add(new("motion.camera", "does not move; give it moves, the six numbers, or a file of poses."));
        }

        for (int i = 0; i < camera.Moves.Count; i++)
        {
            if (!Enum.IsDefined(camera.Moves[i].Move))
            {
                found.Add(new($"motion.camera.moves[{i}].move", $"{camera.Moves[i].Move} is not one of {string.Join(", ", Enum.GetNames<CameraMoveKind>())}."));
            }

            if (camera.Moves[i].Amount is { } amount && !(amount > 0 && amount <= 1))
            {
                found.Add(new($"motion.camera.moves[{i}].amount", string.Create(CultureInfo.InvariantCulture, $"{amount} is not possible; it takes a number above 0 to 1.")));
            }
        }

        if (camera.Control is { } control)
        {
            foreach (var (name, value) in new[]
            {
                ("horizontal", control.Horizontal), ("vertical", control.Vertical), ("pan", control.Pan),
                ("tilt", control.Tilt), ("roll", control.Roll), ("zoom", control.Zoom),
            })
            {
                Real(found, $"motion.camera.control.{name}", value, -CameraControl.Most, CameraControl.Most);
            }
        }
    }

    static void Real(List<RequestProblem> found, string field, double? value, double minimum, double maximum)
    {
        // Written so that NaN fails.
        if (value is { } number && !(number >= minimum && number <= maximum))
        {
            found.Add(new(field, string.Create(CultureInfo.InvariantCulture, $"{number} is not possible; it takes a number from {minimum} to {maximum}.")));
        }
    }
}
