using Engine.Model.Schedulers;

namespace Engine.Model.Checkpoints;

/// <summary>What a model can be asked for.</summary>
[Flags]
public enum Abilities
{
    /// <summary>Nothing known.</summary>
    None = 0,

    /// <summary>A clip from a prompt alone.</summary>
    Text = 1,

    /// <summary>A clip that starts with a given picture.</summary>
    FirstFrame = 2,

    /// <summary>A clip between a given first and a given last picture.</summary>
    FirstLastFrame = 4,

    /// <summary>Continuation of a given clip.</summary>
    Extend = 8,

    /// <summary>A new content for a masked region of a given clip.</summary>
    Mask = 16,

    /// <summary>A given clip changed by a prompt, as far as a strength allows.</summary>
    Video = 32,

    /// <summary>A clip that passes through given pictures at any times.</summary>
    Keyframes = 64,

    /// <summary>What leads up to a given clip.</summary>
    ExtendBackward = 128,

    /// <summary>Pictures of what is to appear, which are no frames.</summary>
    References = 256,

    /// <summary>A clip of poses, depths, edges or the like that the new one follows.</summary>
    Control = 512,

    /// <summary>A camera path, through the checkpoint's own adapter.</summary>
    Camera = 1024,

    /// <summary>Things moved along drawn tracks, as the checkpoint was trained to (Wan-Move).</summary>
    Tracks = 2048,
}

/// <summary>How the end frame of a first-and-last-frame request reaches the model.</summary>
public enum EndFrameStyle
{
    /// <summary>The model takes none.</summary>
    None,

    /// <summary>One more clean latent frame, encoded as a single picture, appended and dropped at the end.</summary>
    AppendedLatentFrame,

    /// <summary>The last pixel frame of the conditioning clip, marked in the mask channels.</summary>
    LastPixelFrame,
}

/// <summary>The sampler a checkpoint was made for.</summary>
/// <param name="Kind">Which one.</param>
/// <param name="FlowShift">Shift of its noise levels.</param>
public sealed record SchedulerConfig(SchedulerKind Kind, float FlowShift);

/// <summary>What a model can do, and the request it was made for.</summary>
public sealed record ModelInfo
{
    /// <summary>The negative prompt that the Wan models are published with.</summary>
    /// <remarks>Wan-Video/Wan2.1 wan/configs/shared_config.py @ 9737cba9c1c3c4d04b33fcad41c111989865d315; image models put a few words before it.</remarks>
    public const string WanNegativePrompt =
        "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，JPEG压缩残留，丑陋的，残缺的，多余的手指，"
        + "画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走";

    /// <summary>What it can be asked for.</summary>
    public required Abilities Abilities { get; init; }

    /// <summary>Width of a clip, pixels, when the request names none.</summary>
    public int Width { get; init; } = 832;

    /// <summary>Height of a clip, pixels, when the request names none.</summary>
    public int Height { get; init; } = 480;

    /// <summary>Frames of a clip when the request names none.</summary>
    public int Frames { get; init; } = 81;

    /// <summary>Frames per second of a clip.</summary>
    public double Fps { get; init; } = 16;

    /// <summary>Sampler steps when the request names none.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>Guidance when the request names none (the high-noise expert's).</summary>
    public float Guidance { get; init; } = 5;

    /// <summary>Guidance of the low-noise expert when the request names none; null means the same.</summary>
    public float? Guidance2 { get; init; }

    /// <summary>Negative prompt when the request names none. An empty text is a different thing.</summary>
    public string NegativePrompt { get; init; } = WanNegativePrompt;

    /// <summary>Tokens that a prompt is cut or zero-padded to.</summary>
    public int MaxSequenceLength { get; init; } = 512;

    /// <summary>Shares of the steps, 0 to 1, for Time-to-Move's two clocks (start, end of the strong one) when the request names none; null where nothing is known.</summary>
    public (double Tweak, double Strong)? MotionClocks { get; init; }

    /// <summary>True when every token has its own timestep (Wan 2.2 TI2V).</summary>
    public bool ExpandTimesteps { get; init; }

    /// <summary>Share of the 1000 timesteps at and above which the first (high-noise) of two experts runs; null with one.</summary>
    public float? BoundaryRatio { get; init; }

    /// <summary>How an end frame is given.</summary>
    public EndFrameStyle EndFrame { get; init; }
}
