namespace Engine.Runtime.Motion;

/// <summary>A camera's path in the words that prompts describe it with.</summary>
static class CameraWords
{
    /// <summary>The prompt with the path at its end.</summary>
    public static string Append(string prompt, CameraRequest camera) =>
        $"{prompt.TrimEnd().TrimEnd('.', ',')}, {Of(camera)}";

    /// <summary>One sentence part: "the camera pans left and zooms in".</summary>
    public static string Of(CameraRequest camera)
    {
        string[] verbs = [.. CameraPath.Moves(camera).Select(m => Verb(m.Move))];
        return verbs.Length == 0 ? "static camera" : $"the camera {string.Join(" and ", verbs)}";
    }

    static string Verb(CameraMoveKind move) => move switch
    {
        CameraMoveKind.PanLeft => "pans left",
        CameraMoveKind.PanRight => "pans right",
        CameraMoveKind.TiltUp => "tilts up",
        CameraMoveKind.TiltDown => "tilts down",
        CameraMoveKind.RollClockwise => "rolls clockwise",
        CameraMoveKind.RollCounterclockwise => "rolls counterclockwise",
        CameraMoveKind.ZoomIn => "zooms in",
        CameraMoveKind.ZoomOut => "zooms out",
        CameraMoveKind.DollyIn => "moves forward",
        CameraMoveKind.DollyOut => "moves back",
        CameraMoveKind.TruckLeft => "moves to the left",
        CameraMoveKind.TruckRight => "moves to the right",
        CameraMoveKind.PedestalUp => "rises",
        CameraMoveKind.PedestalDown => "sinks",
        CameraMoveKind.OrbitLeft => "orbits to the left",
        CameraMoveKind.OrbitRight => "orbits to the right",
        _ => "stays",
    };
}
