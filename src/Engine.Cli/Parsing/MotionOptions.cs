using System.CommandLine;
using Engine.Runtime;

namespace Engine.Cli.Parsing;

/// <summary>The options that say where things go and how the camera moves.</summary>
sealed class MotionOptions
{
    readonly Option<string[]> _brush = new("--brush")
    {
        HelpName = "REGION: X,Y -> X,Y",
        Description = "Move a region of --image along a path: a mask's file, or 'stroke X,Y ... size N' (again for more)",
        Arity = ArgumentArity.OneOrMore,
    };

    readonly Option<string?> _static = Opt.Text("--static", "FILE", "Mask that is white where nothing may move");
    readonly Option<string?> _track = Opt.Text("--track", "FILE", "Brushes, tracks and camera from a JSON file (docs/motion.schema.json)");
    readonly Option<string?> _camera = Opt.Text("--camera", "MOVES", "How the camera moves, such as \"pan left 0.3, zoom in\", \"horizontal=5\", or a file of poses (.txt)");
    readonly Option<MotionUnits?> _units = Opt.Choice("--motion-units", "What the paths' numbers are (default: told from their size)", ("fractions", MotionUnits.Fractions), ("pixels", MotionUnits.Pixels));
    readonly Option<MotionOrigin?> _origin = Opt.Choice("--motion-origin", "Where 0,0 is (default: top-left)", ("top-left", MotionOrigin.TopLeft), ("bottom-left", MotionOrigin.BottomLeft));
    readonly Option<MotionMethod?> _method = Opt.Choice("--motion-method", "How brushes are played (default: as the model allows)", ("wan-move", MotionMethod.WanMove), ("time-to-move", MotionMethod.TimeToMove));
    readonly Option<CameraMethod?> _cameraMethod = Opt.Choice("--camera-method", "How the camera is played (default: as the model allows)", ("adapter", CameraMethod.Adapter), ("warp", CameraMethod.Warp), ("words", CameraMethod.Words));
    readonly Option<int?> _tweak = Opt.Int("--tweak", "STEP", "time-to-move: step at which sampling starts; more keeps the ground stiller");
    readonly Option<int?> _strong = Opt.Int("--strong", "STEP", "time-to-move: step until which what moves is held to its path");

    /// <summary>Adds all of them.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_brush, _static, _track, _camera, _units, _origin, _method, _cameraMethod, _tweak, _strong])
        {
            command.Add(option);
        }
    }

    /// <summary>The request's motion with what the command line says about it; null when neither says anything.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="motion">What a configuration file said.</param>
    public MotionRequest? Build(ParseResult parse, MotionRequest? motion)
    {
        motion = parse.GetValue(_track) is { } file ? MotionJson.Load(file) : motion;
        string[] brushes = parse.GetValue(_brush) ?? [];
        var camera = parse.GetValue(_camera) is { } moves ? MotionText.Camera(moves) : motion?.Camera;
        bool says = brushes.Length > 0 || parse.GetValue(_static) is not null || camera is not null;
        foreach (var option in (Option[])[_units, _origin, _method, _cameraMethod, _tweak, _strong])
        {
            says |= parse.GetResult(option) is not null;
        }

        if (!says)
        {
            return motion;
        }

        motion ??= new MotionRequest();
        return motion with
        {
            Brushes = [.. motion.Brushes, .. brushes.Select(MotionText.Brush)],
            StaticMask = parse.GetValue(_static) is { } still ? PictureInput.FromFile(still) : motion.StaticMask,
            Camera = parse.GetValue(_cameraMethod) is { } played ? (camera ?? new CameraRequest()) with { Method = played } : camera,
            Units = parse.GetValue(_units) ?? motion.Units,
            Origin = parse.GetValue(_origin) ?? motion.Origin,
            Method = parse.GetValue(_method) ?? motion.Method,
            TweakIndex = parse.GetValue(_tweak) ?? motion.TweakIndex,
            StrongIndex = parse.GetValue(_strong) ?? motion.StrongIndex,
        };
    }

    /// <summary>A motion field in the words of the command line, or null for another field: <c>motion.brushes[1].path</c> is --brush 2 (path).</summary>
    public static string? NameOf(string field)
    {
        const string prefix = "motion.";
        if (field == "motion")
        {
            return "--brush or --camera";
        }

        if (!field.StartsWith(prefix, StringComparison.Ordinal))
        {
            return null;
        }

        string rest = field[prefix.Length..];
        string head = rest.Split('.', '[')[0];
        string tail = rest[head.Length..];
        string number = tail.StartsWith('[') && int.TryParse(tail[1..tail.IndexOf(']', StringComparison.Ordinal)], out int index) ? $" {index + 1}" : "";
        string last = tail.Contains('.', StringComparison.Ordinal) ? $" ({tail[(tail.LastIndexOf('.') + 1)..].Replace('_', ' ')})" : "";
        return head switch
        {
            "brushes" => $"--brush{number}{last}",
            "tracks" => $"--track{number}{last}",
            "static_mask" => "--static",
            "camera" when rest == "camera.method" => "--camera-method",
            "camera" => "--camera",
            "method" => "--motion-method",
            "units" => "--motion-units",
            "origin" => "--motion-origin",
            "tweak_index" => "--tweak",
            "strong_index" => "--strong",
            _ => $"--track ({rest.Replace('_', ' ')})",
        };
    }
}
