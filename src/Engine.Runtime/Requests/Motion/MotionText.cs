using System.Globalization;
using System.Text.RegularExpressions;

namespace Engine.Runtime;

/// <summary>Short forms of brushes and cameras, as the command line takes them.</summary>
public static partial class MotionText
{
    const string BrushForm = "\"mask.png: 0.2,0.5 -> 0.8,0.5\" or \"stroke 0.2,0.5 0.3,0.5 size 30: 0.2,0.5 -> 0.8,0.5\", with \"; scale 1.2\" or \"; rotate 45\" after it";
    const string CameraForm = "moves such as \"pan left 0.3, zoom in\"";

    /// <summary>
    /// A brush: <c>REGION: X,Y -> X,Y -> ...</c>. REGION is a mask's file, or <c>stroke X,Y X,Y ... size PIXELS</c>; a point may end in
    /// <c>@TIME</c> (0 to 1); <c>; scale FACTOR</c> and <c>; rotate DEGREES</c> may follow.
    /// </summary>
    /// <param name="text">The brush.</param>
    /// <exception cref="RequestException">It is not of that form.</exception>
    public static MotionBrush Brush(string text)
    {
        ArgumentNullException.ThrowIfNull(text);

        // The last colon: a file name may have others.
        int colon = text.LastIndexOf(':');
        if (colon <= 0)
        {
            throw Wrong("motion.brushes", $"'{Short(text)}' has no region or no path; write {BrushForm}.");
        }

        string[] parts = text[(colon + 1)..].Split(';', StringSplitOptions.TrimEntries);
        var brush = Region(text[..colon].Trim()) with { Path = [.. parts[0].Split("->", StringSplitOptions.TrimEntries).Select(Point)] };
        foreach (string part in parts[1..])
        {
            string[] words = part.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            brush = words switch
            {
                ["scale", var factor] => brush with { Scale = Number(factor, "motion.brushes", BrushForm) },
                ["rotate", var degrees] => brush with { Rotate = Number(degrees, "motion.brushes", BrushForm) },
                _ => throw Wrong("motion.brushes", $"'{Short(part)}' is not known; write {BrushForm}."),
            };
        }

        return brush;
    }

    /// <summary>
    /// A camera: moves with amounts of 0 to 1, such as <c>pan left 0.3, zoom in</c>; the six numbers of Kling's interface, such as
    /// <c>horizontal=5, zoom=-3</c>; or the file of poses (.txt).
    /// </summary>
    /// <param name="text">The path.</param>
    /// <exception cref="RequestException">It is not of that form, or a move is not known.</exception>
    public static CameraRequest Camera(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.EndsWith(".txt", StringComparison.OrdinalIgnoreCase))
        {
            return new CameraRequest { PosesFile = text };
        }

        var moves = new List<CameraMove>();
        CameraControl? control = null;
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split('=', StringSplitOptions.TrimEntries) is [var name, var value])
            {
                control = With(control ?? new CameraControl(), name, Number(value, "motion.camera.control", "numbers of -10 to 10, such as \"horizontal=5\""));
            }
            else
            {
                moves.Add(Move(part));
            }
        }

        return new CameraRequest { Moves = moves, Control = control };
    }

    /// <summary>Every move's name, as the command line writes it.</summary>
    public static IReadOnlyList<string> Moves { get; } = [.. Enum.GetValues<CameraMoveKind>().Select(Name)];

    static CameraMove Move(string text)
    {
        string[] words = text.ToLowerInvariant().Split([' ', '-', '_'], StringSplitOptions.RemoveEmptyEntries);
        bool hasAmount = words.Length > 1 && char.IsAsciiDigit(words[^1][0]);
        double? amount = hasAmount ? Number(words[^1], "motion.camera.moves", CameraForm) : null;
        string name = string.Join(' ', hasAmount ? words[..^1] : words);
        foreach (var move in Enum.GetValues<CameraMoveKind>())
        {
            if (Name(move) == name)
            {
                return new CameraMove(move, amount);
            }
        }

        throw Wrong("motion.camera.moves", $"there is no move '{Short(text)}'; known are {string.Join(", ", Moves)}.");
    }

    // PanLeft -> "pan left".
    static string Name(CameraMoveKind move) => Words().Replace(move.ToString(), " $0").TrimStart().ToLowerInvariant();

    static CameraControl With(CameraControl control, string name, double value) => name.ToLowerInvariant() switch
    {
        "horizontal" => control with { Horizontal = value },
        "vertical" => control with { Vertical = value },
        "pan" => control with { Pan = value },
        "tilt" => control with { Tilt = value },
        "roll" => control with { Roll = value },
        "zoom" => control with { Zoom = value },
        _ => throw Wrong("motion.camera.control", $"there is no number '{Short(name)}'; known are horizontal, vertical, pan, tilt, roll and zoom."),
    };

    static MotionBrush Region(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words[0] != "stroke")
        {
            return new MotionBrush { Mask = PictureInput.FromFile(text) };
        }

        bool sized = words.Length > 2 && words[^2] == "size";
        return new MotionBrush
        {
            Stroke = [.. (sized ? words[1..^2] : words[1..]).Select(Point)],
            BrushSize = sized ? Number(words[^1], "motion.brushes", BrushForm) : null,
        };
    }

    static MotionPoint Point(string text)
    {
        string[] timed = text.Split('@');
        string[] numbers = timed[0].Split(',', StringSplitOptions.TrimEntries);
        if (timed.Length > 2 || numbers.Length != 2)
        {
            throw Wrong("motion.brushes", $"'{Short(text)}' is not a point; write {BrushForm}.");
        }

        return new MotionPoint(
            Number(numbers[0], "motion.brushes", BrushForm),
            Number(numbers[1], "motion.brushes", BrushForm),
            timed.Length == 2 ? Number(timed[1], "motion.brushes", BrushForm) : null);
    }

    static double Number(string text, string field, string form) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number
            : throw Wrong(field, $"'{Short(text)}' is not a number; write {form}.");

    static RequestException Wrong(string field, string message) => new(field, message);

    static string Short(string text) => text.Length <= 60 ? text : $"{text[..57]}...";

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Words();
}
