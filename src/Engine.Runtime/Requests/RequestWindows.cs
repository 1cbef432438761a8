using Engine.Model.Checkpoints;

namespace Engine.Runtime;

/// <summary>Rounds that a long clip is made in, each going on from the latents at the end of the one before.</summary>
/// <param name="Frames">Frames of one round, 4n + 1.</param>
/// <param name="Overlap">Frames that a round shares with the one before, 4n + 1.</param>
/// <param name="ByPicture">Rounds start with the last picture of the round before, for models that take no more of it.</param>
public sealed record ClipWindows(int Frames, int Overlap, bool ByPicture = false);

/// <summary>Chooses the rounds of a clip that is longer than its model was trained for.</summary>
static class RequestWindows
{
    // What a round shares with the next when nothing is said: enough to see which way things move, and to hold colours.
    const int DefaultOverlap = 9;

    /// <summary>Least frames of a round.</summary>
    public const int LeastFrames = 9;

    /// <summary>Frames that a clip made in rounds may have.</summary>
    public const int MostFrames = 1 << 14;

    /// <summary>The rounds of a clip; null when it is made in one go.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="task">What it amounts to.</param>
    /// <param name="model">The model.</param>
    /// <param name="frames">Frames the model is to make.</param>
    public static ClipWindows? Choose(VideoRequest request, VideoTask task, Checkpoint model, int frames)
    {
        int window = request.WindowFrames ?? model.Info.Frames;
        bool extends = model.Info.Abilities.HasFlag(Abilities.Extend);
        bool inRounds = request.References is not { Count: > 0 } && task switch
        {
            VideoTask.Extend => request.Direction != ExtendDirection.Backward,
            VideoTask.TextToVideo => extends,
            VideoTask.ImageToVideo => true,
            _ => false,
        };
        return frames <= window || !inRounds ? null : new ClipWindows(
            window,
            extends ? request.Overlap ?? Math.Min(DefaultOverlap, window - model.Vae!.TemporalFactor) : 1,
            ByPicture: !extends);
    }
}
