using Engine.Kernels;
using Engine.Runtime.Media;
using Engine.Runtime.Motion;

namespace Engine.Runtime;

/// <summary>Shows a motion request over its first picture without running a model: regions, paths, what stays, and the camera's frame.</summary>
public static class MotionPreview
{
    // Small clips are shown enlarged, so that lines have room.
    const int LeastSide = 512;
    const double LineWidth = 3;
    const int CurvePoints = 96;

    static readonly (byte R, byte G, byte B)[] s_colours =
        [(230, 60, 60), (50, 120, 240), (40, 170, 80), (240, 160, 30), (160, 80, 220), (30, 180, 190), (230, 90, 170), (150, 110, 60)];

    static readonly (byte R, byte G, byte B) s_white = (255, 255, 255);
    static readonly (byte R, byte G, byte B) s_still = (60, 60, 70);
    static readonly (byte R, byte G, byte B) s_camera = (255, 220, 60);

    /// <summary>One picture of the whole request.</summary>
    /// <param name="request">A checked request with motion.</param>
    /// <exception cref="EngineException">It has no motion, or no first picture to draw on.</exception>
    public static Image Draw(ResolvedRequest request)
    {
        var scene = Scene(request);
        var ends = CameraFrame(scene, scene.Frames - 1);
        var canvas = NewDrawing(scene, ends);
        canvas.Draw(scene.First);
        Marks(canvas, scene);
        if (ends.Length > 0)
        {
            canvas.Line([(0, 0), (scene.Width, 0), (scene.Width, scene.Height), (0, scene.Height), (0, 0)], s_white, LineWidth);
            canvas.Line([.. ends, ends[0]], s_camera, LineWidth);
            canvas.Line([(scene.Width / 2.0, scene.Height / 2.0), (ends.Average(e => e.X), ends.Average(e => e.Y))], s_camera, LineWidth, arrow: true);
        }

        return canvas.Picture;
    }

    /// <summary>Every frame of the dragged clip, with the paths over it.</summary>
    /// <param name="request">A checked request with motion.</param>
    /// <exception cref="EngineException">It has no motion, or no first picture to draw on.</exception>
    public static IEnumerable<Image> Frames(ResolvedRequest request)
    {
        var scene = Scene(request);
        var clip = request.Request.Motion!.DragVideo is { } drawn
            ? SourceClip.Open(drawn).Read(0, scene.Frames, scene.Width, scene.Height)
            : Dragged(scene);
        int index = 0;
        foreach (var frame in clip)
        {
            var canvas = NewDrawing(scene, []);
            canvas.Draw(frame);
            double time = scene.TimeOf(index++);
            Region[] regions = [.. scene.Dragged()];
            for (int i = 0; i < regions.Length; i++)
            {
                Path(canvas, regions[i], s_colours[i % s_colours.Length]);
                var pose = regions[i].At(time);
                canvas.Dot(pose.X, pose.Y, s_white, LineWidth * 2);
                canvas.Dot(pose.X, pose.Y, s_colours[i % s_colours.Length], LineWidth * 1.3);
            }

            yield return canvas.Picture;
        }
    }

    static MotionScene Scene(ResolvedRequest request)
    {
        var motion = request.Request.Motion
            ?? throw new RequestException("motion", "is what a preview of the motion shows; give brushes, tracks or a camera.");
        var first = request.Request.FirstFrame
            ?? throw new RequestException("first_frame", "is what a preview of the motion is drawn on; give one.");
        return MotionScene.Load(motion, first, request.Width, request.Height, request.Frames, warps: motion.Camera is not null);
    }

    static IEnumerable<Image> Dragged(MotionScene scene)
    {
        var clip = new DragClip(scene);
        return Enumerable.Range(0, scene.Frames).Select(i => clip.Frame(i).Image);
    }

    static void Marks(Drawing canvas, MotionScene scene)
    {
        bool In(bool[] mask, double x, double y) => x >= 0 && x < scene.Width && y >= 0 && y < scene.Height && mask[((int)y * scene.Width) + (int)x];
        if (scene.Static is { } still)
        {
            canvas.Hatch((x, y) => In(still, x, y), s_still);
        }

        Region[] regions = [.. scene.Dragged()];
        for (int i = 0; i < regions.Length; i++)
        {
            var region = regions[i];
            var colour = s_colours[i % s_colours.Length];
            canvas.Tint((x, y) => In(region.Mask, x, y), colour, 0.55);
            var end = region.At(1);
            canvas.Tint((x, y) => end.Source(x, y) is var at && In(region.Mask, at.X, at.Y), colour, 0.3);
        }

        for (int i = 0; i < regions.Length; i++)
        {
            Path(canvas, regions[i], s_colours[i % s_colours.Length]);
        }
    }

    static void Path(Drawing canvas, Region region, (byte R, byte G, byte B) colour)
    {
        (double X, double Y)[] line = [.. Enumerable.Range(0, CurvePoints + 1).Select(i => region.At((double)i / CurvePoints)).Select(p => (p.X, p.Y))];
        canvas.Line(line, s_white, LineWidth * 1.8, arrow: true);
        canvas.Line(line, colour, LineWidth, arrow: true);
        canvas.Dot(line[0].X, line[0].Y, s_white, LineWidth * 1.6);
        canvas.Dot(line[0].X, line[0].Y, colour, LineWidth);
    }

    // The corners of what the camera sees, on the first picture.
    static (double X, double Y)[] CameraFrame(MotionScene scene, int frame)
    {
        if (scene.Poses.Count == 0)
        {
            return [];
        }

        (double X, double Y)?[] corners =
        [
            .. new (double X, double Y)[] { (0, 0), (scene.Width, 0), (scene.Width, scene.Height), (0, scene.Height) }
                .Select(c => CameraWarp.Source(scene.Poses[0], scene.Poses[frame], scene.Width, scene.Height, c.X, c.Y)),
        ];
        return corners.All(c => c is not null) ? [.. corners.Select(c => c!.Value)] : [];
    }

    // Room for the camera's frame where it leaves the picture, up to three times the picture.
    static Drawing NewDrawing(MotionScene scene, (double X, double Y)[] shown)
    {
        double factor = Math.Max(1, (double)LeastSide / Math.Max(scene.Width, scene.Height));
        int width = (int)(scene.Width * factor) / 2 * 2;
        int height = (int)(scene.Height * factor) / 2 * 2;
        double room = 0.5;
        foreach (var (x, y) in shown)
        {
            room = Math.Max(room, Math.Max(Math.Abs((x / scene.Width) - 0.5), Math.Abs((y / scene.Height) - 0.5)) * 1.05);
        }

        double scale = factor * 0.5 / Math.Min(room, 1.5);
        return new Drawing(width, height, scale, (width - (scene.Width * scale)) / 2, (height - (scene.Height * scale)) / 2);
    }
}
