namespace Engine.Runtime.Tests.BuiltinModel;

/// <summary>What a prompt asks of the built-in model's clip, as its README scores it.</summary>
public sealed record ScoredPrompt(string Prompt, string Colour, string Place, string Motion);

/// <summary>Scores a clip by the method and the palette of <c>weights/builtin/README.md</c>.</summary>
public sealed class ClipScore
{
    static readonly Dictionary<string, (int R, int G, int B)> s_colours = new()
    {
        ["red"] = (214, 40, 40),
        ["green"] = (40, 160, 60),
        ["blue"] = (40, 80, 220),
        ["yellow"] = (240, 205, 40),
        ["purple"] = (140, 50, 190),
        ["orange"] = (245, 130, 25),
        ["white"] = (245, 245, 245),
        ["black"] = (25, 25, 28),
    };

    static readonly Dictionary<string, (int R, int G, int B)> s_skies = new()
    {
        ["meadow"] = (110, 170, 235),
        ["desert"] = (235, 150, 95),
        ["snow field"] = (150, 160, 175),
        ["night beach"] = (14, 16, 48),
        ["studio"] = (205, 200, 205),
    };

    readonly IReadOnlyList<byte[]> _frames;
    readonly int _width;
    readonly int _height;

    /// <summary>Takes the frames of a clip, RGB8, row-major.</summary>
    public ClipScore(IReadOnlyList<byte[]> frames, int width, int height)
    {
        _frames = frames;
        _width = width;
        _height = height;
    }

    /// <summary>In the median frame more than 1.2 % of the pixels show the asked colour.</summary>
    public bool HasColour(string colour)
    {
        var counts = _frames.Select(f => Pixels(f, colour).Count).Order().ToList();
        return counts[counts.Count / 2] > 0.012 * _width * _height;
    }

    /// <summary>The mean of the top 12 rows of the first frame is nearest to the asked sky.</summary>
    public bool IsAt(string place)
    {
        double r = 0, g = 0, b = 0;
        int n = 12 * _width;
        for (int i = 0; i < n; i++)
        {
            r += _frames[0][3 * i];
            g += _frames[0][(3 * i) + 1];
            b += _frames[0][(3 * i) + 2];
        }

        return s_skies.MinBy(s => Distance(s.Value, r / n, g / n, b / n)).Key == place;
    }

    /// <summary>The coloured pixels' centroid moves as asked from frame 1 to the last but one, or their number changes as asked.</summary>
    public bool Moves(string motion, string colour)
    {
        var first = Pixels(_frames[1], colour);
        var last = Pixels(_frames[^2], colour);
        if (first.Count == 0 || last.Count == 0)
        {
            return false;
        }

        double dx = last.X - first.X;
        double dy = last.Y - first.Y;
        double growth = (double)last.Count / first.Count;
        return motion switch
        {
            "left" => dx < -12,
            "right" => dx > 12,
            "fall" => dy > 12,
            "rise" => dy < -12,
            "still" => Math.Sqrt((dx * dx) + (dy * dy)) < 9,
            "grow" => growth > 1.35,
            "shrink" => growth < 0.75,
            _ => throw new ArgumentException($"No rule for the motion '{motion}'.", nameof(motion)),
        };
    }

    (int Count, double X, double Y) Pixels(byte[] frame, string colour)
    {
        const double Near = 95;
        int count = 0;
        double x = 0, y = 0;
        for (int i = 0; i < _width * _height; i++)
        {
            int r = frame[3 * i], g = frame[(3 * i) + 1], b = frame[(3 * i) + 2];
            double asked = Distance(s_colours[colour], r, g, b);
            if (asked < Near && s_colours.All(c => c.Key == colour || Distance(c.Value, r, g, b) > asked))
            {
                count++;
                x += i % _width;
                y += i / _width;
            }
        }

        return (count, count == 0 ? 0 : x / count, count == 0 ? 0 : y / count);
    }

    static double Distance((int R, int G, int B) c, double r, double g, double b) =>
        Math.Sqrt(((c.R - r) * (c.R - r)) + ((c.G - g) * (c.G - g)) + ((c.B - b) * (c.B - b)));
}
