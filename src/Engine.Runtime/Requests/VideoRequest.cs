using Engine.Model.Checkpoints;
using Engine.Model.Lora;
using Engine.Model.Schedulers;

namespace Engine.Runtime;

/// <summary>Everything a clip can be asked for with. The command line, embedding and configuration files all build one.</summary>
/// <remarks>
/// What is null is filled in from the model's own defaults (<see cref="IVideoEngine.ResolveAsync"/> shows the result).
/// The task follows from the inputs: nothing = text to video; <see cref="FirstFrame"/> = picture to video; with
/// <see cref="LastFrame"/> = between two pictures; <see cref="Keyframes"/> = through pictures at any time; <see cref="Video"/> =
/// restyle, extend, or edit inside <see cref="Mask"/>; <see cref="Control"/> = along a control clip. <see cref="References"/> go with any.
/// As JSON (see <see cref="VideoRequestJson"/>) the fields are in snake case.
/// </remarks>
public sealed record VideoRequest
{
    /// <summary>Longest prompt taken, in characters. The models read a few hundred tokens at most.</summary>
    public const int MaxPromptLength = 20_000;

    /// <summary>Most reference pictures.</summary>
    public const int MaxReferences = 7;

    /// <summary>Makes an empty request; set <see cref="Prompt"/> next.</summary>
    public VideoRequest()
    {
    }

    /// <summary>Makes a request for text to video with the model's defaults.</summary>
    /// <param name="prompt">What to show.</param>
    public VideoRequest(string prompt) => Prompt = prompt;

    /// <summary>What to show; at most <see cref="MaxPromptLength"/> characters.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>What to stay away from. Null takes the model's own default, which an empty text does not.</summary>
    public string? NegativePrompt { get; init; }

    /// <summary>Folder or file of the model, or name of an installed one; null means the one that the tier takes, or the one the engine was set up with.</summary>
    public string? Model { get; init; }

    /// <summary>Parts of the model in files of their own; with a transformer among them, no <see cref="Model"/> is needed.</summary>
    public CheckpointFiles? Files { get; init; }

    /// <summary>Width of the clip, pixels; a multiple of the model's grid.</summary>
    public int? Width { get; init; }

    /// <summary>Height of the clip, pixels; a multiple of the model's grid.</summary>
    public int? Height { get; init; }

    /// <summary>Frames to make, 4n + 1. Give this or <see cref="Seconds"/>, not both.</summary>
    /// <remarks>When extending, the overlap is among them: 17 frames with an overlap of 5 add 12.</remarks>
    public int? Frames { get; init; }

    /// <summary>Length in seconds; rounded to the nearest number of frames the model can make. When extending, the seconds to add.</summary>
    public double? Seconds { get; init; }

    /// <summary>A documented set of size, steps and model (see <see cref="QualityTiers"/>, <see cref="ModelTiers"/>); what is given beside it wins.</summary>
    public QualityTier? Tier { get; init; }

    /// <summary>Proportions of the clip as <c>16:9</c>; the size then has as many pixels as the model's own, or the tier's.</summary>
    public string? Aspect { get; init; }

    /// <summary>Frames a second of the written clip.</summary>
    public double? Fps { get; init; }

    /// <summary>Seed of the noise, as torch's CPU generator takes it. Null picks one at random, which is reported.</summary>
    public long? Seed { get; init; }

    /// <summary>Steps of the sampler.</summary>
    public int? Steps { get; init; }

    /// <summary>How strongly the prompt is followed; 1 or less leaves the negative prompt out (and halves the work).</summary>
    public double? Guidance { get; init; }

    /// <summary>Guidance of the low-noise expert, for models with two; null means <see cref="Guidance"/>.</summary>
    public double? Guidance2 { get; init; }

    /// <summary>First step with guidance, counted from 1; null means from the start. Earlier ones follow the prompt alone, at half the work.</summary>
    public int? GuidanceFirstStep { get; init; }

    /// <summary>Last step with guidance, counted from 1; null means to the end. Later ones follow the prompt alone, at half the work.</summary>
    public int? GuidanceLastStep { get; init; }

    /// <summary>
    /// Steps whose input has moved less than this since the model last ran, relative, use its output again (0.05 to 0.2; the first
    /// and the last step always run). 0 or null runs the model in every step.
    /// </summary>
    public double? StepCache { get; init; }

    /// <summary>Flow shift of the noise levels: more spends more steps on the composition.</summary>
    public double? Shift { get; init; }

    /// <summary>Sampler; null means the model's own.</summary>
    public SchedulerKind? Scheduler { get; init; }

    /// <summary>LoRAs, in the order they are applied; null means none.</summary>
    public IReadOnlyList<LoraInput>? Loras { get; init; }

    /// <summary>Whether LoRAs are merged into the weights or kept beside them; null leaves it to the engine.</summary>
    public LoraMode? LoraMode { get; init; }

    /// <summary>Leave out tensors of a LoRA that fit nothing in the model, instead of refusing the file.</summary>
    public bool LoraAllowUnmatched { get; init; }

    /// <summary>For models or LoRAs distilled to a few steps: 4 steps (or <see cref="Steps"/>), no guidance, shift 5 and their own grid.</summary>
    public bool Turbo { get; init; }

    /// <summary>Picture that the clip starts with.</summary>
    public PictureInput? FirstFrame { get; init; }

    /// <summary>Picture that the clip ends with; needs <see cref="FirstFrame"/>.</summary>
    public PictureInput? LastFrame { get; init; }

    /// <summary>Pictures that the clip passes through, each at a time of its own; instead of first and last frame.</summary>
    public IReadOnlyList<Keyframe>? Keyframes { get; init; }

    /// <summary>Pictures of what is to appear (people, things, places), up to <see cref="MaxReferences"/>; they are no frames of the clip.</summary>
    public IReadOnlyList<PictureInput>? References { get; init; }

    /// <summary>Clip of poses, depths, edges or the like that the new one follows, as long as the new one.</summary>
    public ClipInput? Control { get; init; }

    /// <summary>How strongly references, control clips, masks and kept frames count: one number, or one for each control block of the model; 0 to 10.</summary>
    public IReadOnlyList<double>? ControlStrength { get; init; }

    /// <summary>Clip to start from.</summary>
    public ClipInput? Video { get; init; }

    /// <summary>What to do with <see cref="Video"/>; null means edit when there is a <see cref="Mask"/>, else restyle.</summary>
    public VideoMode? Mode { get; init; }

    /// <summary>Restyling: how much of the source is given up, above 0 to 1 (1 = all).</summary>
    public double? Strength { get; init; }

    /// <summary>Extending: how many of the source's frames the model is shown again: 1, 5, 9, 13 or 17.</summary>
    public int? Overlap { get; init; }

    /// <summary>Extending: go on after the source's last frame, or lead up to its first; null means forward.</summary>
    public ExtendDirection? Direction { get; init; }

    /// <summary>Extending: hand out the source's own frames first, then the new ones; false hands out the new ones alone.</summary>
    public bool Join { get; init; } = true;

    /// <summary>Editing: one picture for all frames, or a clip with one for each; what is white in it is made anew, the rest is kept.</summary>
    public ClipInput? Mask { get; init; }

    /// <summary>
    /// Editing with a VACE model: show it what lies under the mask, which it then follows, as it does a control clip (another colour, the
    /// same motion); else that is grey to it, and anything may come there.
    /// </summary>
    public bool ShowMasked { get; init; }

    /// <summary>Editing: pixels (of the source) to add around the source; they are made anew.</summary>
    public Margins? Expand { get; init; }

    /// <summary>Editing: put the source's own pixels back outside the mask. Motion: put the first picture's back where nothing may move.</summary>
    public bool PasteBack { get; init; } = true;

    /// <summary>Where things go and how the camera moves.</summary>
    public MotionRequest? Motion { get; init; }

    /// <summary>Extending, and clips made in rounds: keep the colours of the part before, which models lose little by little.</summary>
    public bool HoldColour { get; init; } = true;

    /// <summary>How a clip is made that is longer than the model was trained for; null takes rounds where the model can go on from a clip, else windows.</summary>
    public LongClip? LongClip { get; init; }

    /// <summary>Frames of the rounds or windows that a long clip is made in, 4n + 1; null means what the model was trained for.</summary>
    public int? WindowFrames { get; init; }

    /// <summary>Tokens of text that the model sees, the end mark included.</summary>
    public int? MaxSequenceLength { get; init; }

    /// <summary>Where to run; null means as the engine was set up.</summary>
    public DeviceChoice? Device { get; init; }

    /// <summary>CPU threads; null means as the engine was set up.</summary>
    public int? Threads { get; init; }

    /// <summary>Most memory to use, bytes; null means as the engine was set up.</summary>
    public long? MemoryLimit { get; init; }
}

/// <summary>What to do with a source clip.</summary>
public enum VideoMode
{
    /// <summary>Make it anew from its noised self (<see cref="VideoRequest.Strength"/>).</summary>
    Restyle,

    /// <summary>Go on from its last frames (<see cref="VideoRequest.Overlap"/>).</summary>
    Extend,

    /// <summary>Make what lies under <see cref="VideoRequest.Mask"/> anew.</summary>
    Edit,
}

/// <summary>Which way a source clip is extended.</summary>
public enum ExtendDirection
{
    /// <summary>After its last frame.</summary>
    Forward,

    /// <summary>Before its first frame.</summary>
    Backward,
}

/// <summary>What a request amounts to.</summary>
public enum VideoTask
{
    /// <summary>From the prompt alone.</summary>
    TextToVideo,

    /// <summary>From a first frame.</summary>
    ImageToVideo,

    /// <summary>Between a first and a last frame.</summary>
    FirstLastFrame,

    /// <summary>Through pictures at given times.</summary>
    Keyframes,

    /// <summary>A source clip in another look.</summary>
    Restyle,

    /// <summary>A source clip continued.</summary>
    Extend,

    /// <summary>A masked region of a source clip made anew.</summary>
    Edit,

    /// <summary>Along a control clip.</summary>
    Control,
}
