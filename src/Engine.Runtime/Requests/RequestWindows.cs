using Engine.Model.Checkpoints;

namespace Engine.Runtime;

/// <summary>Rounds that a long clip is made in, each going on from the latents at the end of the one before.</summary>
/// <param name="Frames">Frames of one round, 4n + 1.</param>
/// <param name="Overlap">Frames that a round shares with the one before, 4n + 1.</param>
/// <param name="ByPicture">Rounds start with the last picture of the round before, for models that take no more of it.</param>
public sealed record ClipWindows(int Frames, int Overlap, bool ByPicture = false);

/// <summary>Chooses how a clip is made that is longer than its model was trained for.</summary>
static class RequestWindows
{
    // What a round shares with the next when nothing is said: enough to see which way things move, and to hold colours.
    const int DefaultOverlap = 9;

    /// <summary>Least frames of a round.</summary>
    public const int LeastFrames = 9;

    /// <summary>Frames that a clip made in rounds or windows may have.</summary>
    public const int MostFrames = 1 << 14;

    /// <summary>Rounds or windows of a clip; neither when it is made in one go.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="task">What it amounts to.</param>
    /// <param name="model">The model.</param>
    /// <param name="frames">Frames the model is to make.</param>
    /// <remarks>
    /// Rounds where the model takes a start: they see the end of the round before as it is. Windows elsewhere. Of a first picture a model
    /// with channels of its own for it makes rounds, each from the last picture of the one before.
    /// </remarks>
    public static (ClipWindows? Rounds, BlendedWindows? Windows) Choose(VideoRequest request, VideoTask task, Checkpoint model, int frames)
    {
        int window = request.WindowFrames ?? model.Info.Frames;
        if (frames <= window || request.LongClip == LongClip.Whole)
        {
            return (null, null);
        }

        int group = model.Vae!.TemporalFactor;
        bool suit = BlendedWindows.Suit(task, model);
        return (request.LongClip, Rounds(request, task, model, window)) switch
        {
            (LongClip.Windows, _) => (null, suit ? BlendedWindows.Of(window, group) : null),
            (_, { } rounds) => (rounds, null),
            (null, null) when suit => (null, BlendedWindows.Of(window, group)),
            _ => (null, null),
        };
    }

    /// <summary>Says what is wrong with the way asked for.</summary>
    public static void Check(List<RequestProblem> wrong, VideoRequest request, VideoTask task, Checkpoint model, int frames)
    {
        int window = request.WindowFrames ?? model.Info.Frames;
        if (frames <= window)
        {
            return;
        }

        if (request.LongClip == LongClip.Windows && !BlendedWindows.Suit(task, model))
        {
            wrong.Add(new("long_clip", $"{model.Name} is shown its pictures in channels of their own, which windows without a picture do not suit; make it in rounds, or whole."));
        }
        else if (request.LongClip == LongClip.Rounds && Rounds(request, task, model, window) is null)
        {
            wrong.Add(new("long_clip", $"{model.Name} cannot go on from the end of a round with this request; make it in windows, or whole."));
        }
    }

    /// <summary>What was decided, in a sentence; null for a clip made in one go.</summary>
    public static string? Tell(ClipWindows? rounds, BlendedWindows? windows, int frames) =>
        rounds is not null ? $"{frames} frames are made in rounds of {rounds.Frames} at most, each going on from {rounds.Overlap} of the one before."
        : windows is not null ? $"{frames} frames are made in windows of {windows.Frames} that are blended in every step; two neighbours share {windows.Overlap} latent frames or more."
        : null;

    static ClipWindows? Rounds(VideoRequest request, VideoTask task, Checkpoint model, int window)
    {
        bool extends = model.Info.Abilities.HasFlag(Abilities.Extend);
        bool inRounds = request.References is not { Count: > 0 } && task switch
        {
            VideoTask.Extend => request.Direction != ExtendDirection.Backward,
            VideoTask.TextToVideo => extends,
            VideoTask.ImageToVideo => true,
            _ => false,
        };
        return !inRounds ? null : new ClipWindows(
            window,
            extends ? request.Overlap ?? Math.Min(DefaultOverlap, window - model.Vae!.TemporalFactor) : 1,
            ByPicture: !extends);
    }
}
