using System.Globalization;

namespace Engine.Runtime.Motion;

/// <summary>Says what a user may not have meant: paths that leave the frame, regions that meet, paths that cross.</summary>
static class MotionReport
{
    // Paths are looked at this finely.
    const int Samples = 64;

    /// <summary>Sentences about a scene.</summary>
    public static IEnumerable<string> Sentences(MotionScene scene)
    {
        Region[] regions = [.. scene.Dragged()];
        foreach (var region in regions)
        {
            if (FirstTime(t => !Inside(scene, region.At(t))) is { } left)
            {
                yield return $"{region.Name} leaves the frame at {Percent(left)} of the clip; what is outside is not shown.";
            }
        }

        // Hundreds of tracks meet all the time; the sentences are for what is drawn by hand.
        for (int i = 0; i < scene.Regions.Count; i++)
        {
            for (int j = i + 1; j < scene.Regions.Count; j++)
            {
                var (a, b) = (scene.Regions[i], scene.Regions[j]);
                if (FirstTime(t => Meet(a, b, t)) is { } met)
                {
                    yield return $"{a.Name} and {b.Name} meet at {Percent(met)} of the clip; {b.Name}, given later, is in front.";
                }
                else if (Cross(a, b))
                {
                    yield return $"the paths of {a.Name} and {b.Name} cross, at different times.";
                }
            }
        }
    }

    static double? FirstTime(Func<double, bool> holds)
    {
        for (int i = 0; i <= Samples; i++)
        {
            if (holds((double)i / Samples))
            {
                return (double)i / Samples;
            }
        }

        return null;
    }

    static bool Inside(MotionScene scene, Region.Pose pose) => pose.X >= 0 && pose.X <= scene.Width && pose.Y >= 0 && pose.Y <= scene.Height;

    static bool Meet(Region a, Region b, double time)
    {
        var (p, q) = (Box(a, time), Box(b, time));
        return p.Left < q.Right && q.Left < p.Right && p.Top < q.Bottom && q.Top < p.Bottom;
    }

    static (double Left, double Top, double Right, double Bottom) Box(Region region, double time)
    {
        var pose = region.At(time);
        var (l, t, r, b) = region.Bounds;
        (double X, double Y)[] corners = [pose.Target(l, t), pose.Target(r, t), pose.Target(l, b), pose.Target(r, b)];
        return (corners.Min(c => c.X), corners.Min(c => c.Y), corners.Max(c => c.X), corners.Max(c => c.Y));
    }

    static bool Cross(Region a, Region b)
    {
        var p = Line(a);
        var q = Line(b);
        for (int i = 0; i < Samples; i++)
        {
            for (int j = 0; j < Samples; j++)
            {
                if (Side(p[i], p[i + 1], q[j]) * Side(p[i], p[i + 1], q[j + 1]) < 0 && Side(q[j], q[j + 1], p[i]) * Side(q[j], q[j + 1], p[i + 1]) < 0)
                {
                    return true;
                }
            }
        }

        return false;
    }

    static (double X, double Y)[] Line(Region region) =>
        [.. Enumerable.Range(0, Samples + 1).Select(i => region.At((double)i / Samples)).Select(pose => (pose.X, pose.Y))];

    static double Side((double X, double Y) a, (double X, double Y) b, (double X, double Y) p) => ((b.X - a.X) * (p.Y - a.Y)) - ((b.Y - a.Y) * (p.X - a.X));

    static string Percent(double time) => string.Create(CultureInfo.InvariantCulture, $"{time * 100:0} %");
}
