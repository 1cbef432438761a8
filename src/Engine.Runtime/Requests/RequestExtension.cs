using Engine.Model.Checkpoints;
using Engine.Runtime.Jobs;

namespace Engine.Runtime;

/// <summary>How a source clip and what is made after (or before) it fit together.</summary>
/// <param name="Overlap">Frames of the source that the model is shown again.</param>
/// <param name="Joined">Frames of the source's file that are handed out.</param>
/// <param name="Dropped">Frames decoded that are not handed out.</param>
/// <param name="Output">Frames handed out in all.</param>
/// <param name="Latents">File with the source's latents, or null.</param>
/// <param name="HeldTo">Latent frames that the source had when it was first extended; 0 where it is not known.</param>
sealed record RequestExtension(int Overlap, int Joined, int Dropped, int Output, string? Latents, int HeldTo = 0)
{
    // Nine frames hold colours best over many extensions; a shorter source shows five or one.
    static readonly int[] s_defaults = [9, 5, 1];

    /// <summary>A clip without a source that is extended.</summary>
    public static RequestExtension None(int frames) => new(0, 0, 0, frames, null);

    /// <summary>Frames that the model makes for so many seconds more.</summary>
    public static int Frames(double seconds, double fps, int overlap, int group) =>
        overlap + (Math.Max(1, (int)Math.Round(Math.Min(seconds * fps, RequestWindows.MostFrames) / group, MidpointRounding.AwayFromZero)) * group);

    /// <summary>Frames shown again, when nothing is said.</summary>
    public static int Shown(VideoRequest request, int source, int? frames) =>
        request.Overlap ?? s_defaults.FirstOrDefault(o => o <= source && !(frames <= o), 1);

    /// <summary>Fits a source and new frames together.</summary>
    /// <param name="wrong">Receives what does not fit.</param>
    /// <param name="notes">Receives what was decided.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="model">The model.</param>
    /// <param name="frames">Frames that the model makes.</param>
    /// <param name="source">The source.</param>
    /// <param name="width">Width of the clip, pixels.</param>
    /// <param name="height">Height of the clip, pixels.</param>
    public static RequestExtension Of(
        List<RequestProblem> wrong, List<string> notes, VideoRequest request, Checkpoint model, int frames, SourceClip source, int width, int height)
    {
        int overlap = Shown(request, source.Count, frames);
        if (overlap > source.Count)
        {
            wrong.Add(new("overlap", $"{overlap} is more than the source video's {source.Count} frames; it takes 1, 5, 9, 13 or 17, at most that many."));
        }
        else if (overlap >= frames)
        {
            wrong.Add(new("overlap", $"{overlap} leaves nothing new of {frames} frames; ask for fewer, or for more frames."));
        }

        bool backward = request.Direction == ExtendDirection.Backward;
        int window = request.WindowFrames ?? model.Info.Frames;
        if (backward && frames > window && request.LongClip == LongClip.Rounds)
        {
            wrong.Add(new("frames", $"{frames} frames before a clip are more than the {window} that a round has; make it in windows, or ask for {window} and lead up to the result again for more."));
        }

        int joined = request.Join ? source.Count : 0;
        int output = joined + frames - overlap;
        if (!backward && request.Video!.Path is { } path && LatentsFile.Find(path, model, out string? why) is var found && (found is not null || why is not null))
        {
            var vae = model.Vae!;
            if (found is var (start, dropped, held, shape))
            {
                int decoded = ((shape[1] - 1) * vae.TemporalFactor) + 1;
                bool fits = shape[0] == vae.ZDim && shape[2] * vae.SpatialFactor == height && shape[3] * vae.SpatialFactor == width
                    && start + decoded - dropped == source.Count && decoded >= overlap;
                if (fits)
                {
                    notes.Add($"goes on from the latents beside {request.Video}, so that nothing of it is encoded again.");
                    return request.Join
                        ? new RequestExtension(overlap, start, dropped, output, LatentsFile.PathOf(path), held)
                        : new RequestExtension(overlap, 0, decoded, output, LatentsFile.PathOf(path), held);
                }

                why = "they are of another size or length";
            }

            notes.Add($"the latents beside {request.Video} are not used: {why}.");
        }

        return new RequestExtension(overlap, joined, overlap, output, null);
    }
}
