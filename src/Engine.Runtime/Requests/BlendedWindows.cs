using Engine.Model.Checkpoints;

namespace Engine.Runtime;

/// <summary>How a clip is made that is longer than its model was trained for.</summary>
public enum LongClip
{
    /// <summary>In rounds, each going on from what the one before made; for models that take a start.</summary>
    Rounds,

    /// <summary>All at once: every step goes over overlapping windows of the clip and blends what the model makes of them; for any model.</summary>
    Windows,

    /// <summary>All at once and in one piece, beyond what the model has learned.</summary>
    Whole,
}

/// <summary>Windows of a clip that the model sees one after the other in every step, and whose results are blended.</summary>
/// <param name="Frames">Frames of one window, 4n + 1.</param>
/// <param name="Overlap">Least latent frames that two neighbours share.</param>
public sealed record BlendedWindows(int Frames, int Overlap)
{
    // A third of a window shows the model how the neighbour moves, and costs half as much again (perf/records/long-clips.md).
    const int Shared = 3;

    /// <summary>Windows of so many frames.</summary>
    /// <param name="frames">Frames of one window, 4n + 1.</param>
    /// <param name="group">Frames of one latent frame.</param>
    internal static BlendedWindows Of(int frames, int group) => new(frames, Math.Max(1, (int)Math.Round((((frames - 1) / group) + 1) / (double)Shared)));

    /// <summary>True for what windows suit: whatever each window shows the model of itself.</summary>
    /// <param name="task">What is made.</param>
    /// <param name="model">The model.</param>
    internal static bool Suit(VideoTask task, Checkpoint model) => task switch
    {
        // A picture goes into the first window alone, and models that are shown it in channels of their own have learned no clip without.
        VideoTask.ImageToVideo or VideoTask.FirstLastFrame or VideoTask.Keyframes => model.Transformer!.InChannels == model.Transformer.OutChannels,
        _ => true,
    };
}
