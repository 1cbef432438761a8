namespace Engine.Runtime;

/// <summary>How a motion request is played, with nothing left open.</summary>
public sealed record ResolvedMotion
{
    /// <summary>How regions and tracks are played; null without any.</summary>
    public MotionMethod? Regions { get; init; }

    /// <summary>How the camera's path is played; null without one.</summary>
    public CameraMethod? Camera { get; init; }

    /// <summary>Time-to-Move: step at which sampling starts.</summary>
    public int TweakIndex { get; init; }

    /// <summary>Time-to-Move: step up to which what was dragged is put back.</summary>
    public int StrongIndex { get; init; }

    /// <summary>True when sampling starts from a dragged or warped clip.</summary>
    public bool UsesTimeToMove => Regions == MotionMethod.TimeToMove || Camera == CameraMethod.Warp;

    /// <summary>True when something is drawn on the first picture.</summary>
    internal bool NeedsScene => Regions is not null || Camera == CameraMethod.Warp;
}
