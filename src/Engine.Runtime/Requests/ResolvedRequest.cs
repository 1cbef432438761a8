using Engine.Model.Schedulers;

namespace Engine.Runtime;

/// <summary>A checked request with nothing left open: what a job works from.</summary>
public sealed record ResolvedRequest
{
    /// <summary>The request with every field filled in, so that it makes the same clip again.</summary>
    public required VideoRequest Request { get; init; }

    /// <summary>What it amounts to.</summary>
    public required VideoTask Task { get; init; }

    /// <summary>Name of the model.</summary>
    public required string ModelName { get; init; }

    /// <summary>Folder or file of the model.</summary>
    public required string ModelPath { get; init; }

    /// <summary>Why it is this model, where the tier chose it; else null.</summary>
    public ModelChoice? Choice { get; init; }

    /// <summary>What to show: the prompt, and the camera's path in words where it is played that way.</summary>
    public required string Prompt { get; init; }

    /// <summary>How a motion request is played; null without one.</summary>
    public ResolvedMotion? Motion { get; init; }

    /// <summary>What to stay away from.</summary>
    public required string NegativePrompt { get; init; }

    /// <summary>Width of the clip, pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Height of the clip, pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Frames that the model makes, 4n + 1.</summary>
    public required int Frames { get; init; }

    /// <summary>Frames that are handed out: more than the model makes when a source is joined in front, fewer when its overlap is dropped.</summary>
    public required int OutputFrames { get; init; }

    /// <summary>Frames a second.</summary>
    public required double Fps { get; init; }

    /// <summary>Seed of the noise.</summary>
    public required long Seed { get; init; }

    /// <summary>Steps of the sampler's grid.</summary>
    public required int Steps { get; init; }

    /// <summary>First step that runs; above 0 only when restyling or dragging (Time-to-Move).</summary>
    public required int FirstStep { get; init; }

    /// <summary>Guidance; 1 or less means none.</summary>
    public required double Guidance { get; init; }

    /// <summary>Guidance of the low-noise expert.</summary>
    public required double Guidance2 { get; init; }

    /// <summary>First step of the grid with guidance.</summary>
    public required int GuidanceFirstStep { get; init; }

    /// <summary>Last step of the grid with guidance.</summary>
    public required int GuidanceLastStep { get; init; }

    /// <summary>Movement of the model's input up to which a step is skipped; 0 skips none.</summary>
    public required double StepCache { get; init; }

    /// <summary>Flow shift.</summary>
    public required double Shift { get; init; }

    /// <summary>Sampler.</summary>
    public required SchedulerKind Scheduler { get; init; }

    /// <summary>Tokens of text that the model sees.</summary>
    public required int MaxSequenceLength { get; init; }

    /// <summary>Overlap with the source, when extending; else 0.</summary>
    public required int Overlap { get; init; }

    /// <summary>Frames of the source that are handed out first, when extending; else 0.</summary>
    public required int JoinedFrames { get; init; }

    /// <summary>Frames in the source clip; 0 without one.</summary>
    public required int SourceFrames { get; init; }

    /// <summary>Pictures that are frames of the clip, in order: a first frame, a last one, and others.</summary>
    public IReadOnlyList<PlacedPicture> Keyframes { get; init; } = [];

    /// <summary>Factor of each control block of a VACE model; empty for others.</summary>
    public IReadOnlyList<float> ControlStrengths { get; init; } = [];

    /// <summary>Parts that the clip is made in; null for one go.</summary>
    public ClipWindows? Windows { get; init; }

    /// <summary>Windows that every step goes over and blends; null for none.</summary>
    public BlendedWindows? Blend { get; init; }

    /// <summary>File with the latents of the source clip, which are then gone on from; null without one.</summary>
    public string? SourceLatents { get; init; }

    /// <summary>Latent frames of the source that were there when it was first extended, to whose colours extensions are held; 0 where it is not known.</summary>
    public int SourceHeldTo { get; init; }

    /// <summary>Frames decoded that are not handed out: those a source shows already.</summary>
    public int DroppedFrames { get; init; }

    /// <summary>Which way a source is extended.</summary>
    public ExtendDirection Direction { get; init; }

    /// <summary>What was decided on the way, in sentences for the user.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>True when the negative prompt takes part.</summary>
    public bool UsesGuidance => Guidance > 1;

    /// <summary>True when a step of the grid lies in the interval with guidance.</summary>
    public bool Guides(int step) => step >= GuidanceFirstStep && step <= GuidanceLastStep;

    /// <summary>Pixels added around the source's frames.</summary>
    internal Margins Margins => Request.Expand ?? default;

    /// <summary>Opens the mask of an edit.</summary>
    internal MaskClip OpenMask(SourceClip source, Action<string>? note = null) =>
        MaskClip.Open(Request.Mask, source.Size(), Width, Height, Margins, note);
}
