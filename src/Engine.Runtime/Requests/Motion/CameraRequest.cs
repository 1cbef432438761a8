using System.Text.Json.Serialization;

namespace Engine.Runtime;

/// <summary>A camera's path: moves, the six numbers of Kling's interface, or a file of poses. What is given adds up.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CameraRequest
{
    /// <summary>Moves that happen at the same time, each at a constant speed over the whole clip.</summary>
    public IReadOnlyList<CameraMove> Moves { get; init => field = value ?? []; } = [];

    /// <summary>The six numbers of Kling's <c>camera_control</c>.</summary>
    public CameraControl? Control { get; init; }

    /// <summary>
    /// A file of poses as RealEstate10K and CameraCtrl write them: a line of heading, then a line for each frame with its time,
    /// fx fy cx cy as fractions, two zeros, and world-to-camera 3x4 row by row. Given alone.
    /// </summary>
    public string? PosesFile { get; init; }

    /// <summary>How the path is played; null takes the best that the model and the request allow.</summary>
    public CameraMethod? Method { get; init; }
}

/// <summary>One move of the camera.</summary>
/// <param name="Move">Which.</param>
/// <param name="Amount">How far, above 0 to 1 (see <see cref="CameraMoveKind"/> for what 1 is); null means 0.5.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CameraMove(CameraMoveKind Move, double? Amount = null);

/// <summary>Kling's <c>camera_control</c>: each -10 to 10, 10 being amount 1 of the move.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CameraControl
{
    /// <summary>Largest magnitude of each number.</summary>
    public const double Most = 10;

    /// <summary>The camera goes left (below 0) or right.</summary>
    public double Horizontal { get; init; }

    /// <summary>The camera goes down (below 0) or up.</summary>
    public double Vertical { get; init; }

    /// <summary>The camera turns left (below 0) or right.</summary>
    public double Pan { get; init; }

    /// <summary>The camera turns down (below 0) or up.</summary>
    public double Tilt { get; init; }

    /// <summary>The camera rolls counterclockwise (below 0) or clockwise.</summary>
    public double Roll { get; init; }

    /// <summary>The focal length grows (below 0: nearer) or shrinks (wider).</summary>
    public double Zoom { get; init; }
}

/// <summary>Moves of a camera. In brackets: what amount 1 is.</summary>
public enum CameraMoveKind
{
    /// <summary>Stays.</summary>
    Static,

    /// <summary>Turns to the left [40 degrees].</summary>
    PanLeft,

    /// <summary>Turns to the right [40 degrees].</summary>
    PanRight,

    /// <summary>Turns up [40 degrees].</summary>
    TiltUp,

    /// <summary>Turns down [40 degrees].</summary>
    TiltDown,

    /// <summary>Rolls clockwise [60 degrees].</summary>
    RollClockwise,

    /// <summary>Rolls counterclockwise [60 degrees].</summary>
    RollCounterclockwise,

    /// <summary>Longer focal length [twice].</summary>
    ZoomIn,

    /// <summary>Shorter focal length [half].</summary>
    ZoomOut,

    /// <summary>Goes forward [half of the way to what is seen].</summary>
    DollyIn,

    /// <summary>Goes back [half of the distance to what is seen].</summary>
    DollyOut,

    /// <summary>Goes to the left [half of the distance to what is seen].</summary>
    TruckLeft,

    /// <summary>Goes to the right [half of the distance to what is seen].</summary>
    TruckRight,

    /// <summary>Goes up [half of the distance to what is seen].</summary>
    PedestalUp,

    /// <summary>Goes down [half of the distance to what is seen].</summary>
    PedestalDown,

    /// <summary>Goes round what is seen, to the left [60 degrees].</summary>
    OrbitLeft,

    /// <summary>Goes round what is seen, to the right [60 degrees].</summary>
    OrbitRight,

    /// <summary>Kling's <c>down_back</c>: down and back.</summary>
    DownBack,

    /// <summary>Kling's <c>forward_up</c>: forward and up.</summary>
    ForwardUp,

    /// <summary>Kling's <c>left_turn_forward</c>: turns left and goes forward.</summary>
    LeftTurnForward,

    /// <summary>Kling's <c>right_turn_forward</c>: turns right and goes forward.</summary>
    RightTurnForward,
}

/// <summary>How a camera's path is played.</summary>
public enum CameraMethod
{
    /// <summary>As rays through the adapter of a Fun-Camera checkpoint.</summary>
    Adapter,

    /// <summary>The first picture is warped along the path and sampling starts from that clip (Time-to-Move).</summary>
    Warp,

    /// <summary>As words at the end of the prompt.</summary>
    Words,
}
