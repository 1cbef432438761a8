using Engine.Model.Checkpoints;

namespace Engine.Runtime;

/// <summary>Holds what a request asks for against what a model can do.</summary>
static class RequestAbilities
{
    static readonly (Abilities Flag, string Name)[] s_names =
    [
        (Abilities.Text, "text to video"),
        (Abilities.FirstFrame, "first frame to video"),
        (Abilities.FirstLastFrame, "first and last frame to video"),
        (Abilities.Keyframes, "pictures at any time"),
        (Abilities.Extend, "extending"),
        (Abilities.ExtendBackward, "extending backward"),
        (Abilities.Mask, "masked editing"),
        (Abilities.Video, "restyling"),
        (Abilities.References, "reference pictures"),
        (Abilities.Control, "control clips"),
        (Abilities.Camera, "camera paths"),
        (Abilities.Tracks, "tracks"),
    ];

    /// <summary>Checks the task and everything that goes with it. Keyframes are checked once their places are known.</summary>
    public static void Check(List<RequestProblem> wrong, VideoRequest request, VideoTask task, Checkpoint model)
    {
        if (task == VideoTask.Extend && request.Direction == ExtendDirection.Backward)
        {
            Require(wrong, "direction", Abilities.ExtendBackward, "extending a video backward", model);
        }
        else if (task != VideoTask.Keyframes)
        {
            string field = task switch
            {
                VideoTask.TextToVideo => "prompt",
                VideoTask.ImageToVideo => "first_frame",
                VideoTask.FirstLastFrame => "last_frame",
                VideoTask.Restyle => "video",
                VideoTask.Extend => "mode",
                VideoTask.Control => "control",
                _ => request.Mask is null ? "expand" : "mask",
            };
            CheckTask(wrong, field, task, model);
        }

        if (request.References is { Count: > 0 })
        {
            Require(wrong, "references", Abilities.References, "reference pictures", model);
        }

        if (request.ShowMasked && model.Transformer!.VaceLayers.Count == 0)
        {
            wrong.Add(new("show_masked", $"applies to VACE models; {model.Name} is shown the kept part alone."));
        }

        if (task == VideoTask.Control && request.Keyframes is { Count: > 0 })
        {
            Require(wrong, "keyframes", Abilities.Keyframes, "pictures at given times", model);
        }
    }

    /// <summary>Checks one task.</summary>
    public static void CheckTask(List<RequestProblem> wrong, string field, VideoTask task, Checkpoint model)
    {
        var (needed, what) = task switch
        {
            VideoTask.TextToVideo => (Abilities.Text, "text alone"),
            VideoTask.ImageToVideo => (Abilities.FirstFrame, "a first frame"),
            VideoTask.FirstLastFrame => (Abilities.FirstLastFrame, "first and last frames"),
            VideoTask.Keyframes => (Abilities.Keyframes, "pictures at such times"),
            VideoTask.Restyle => (Abilities.Video, "restyling a video"),
            VideoTask.Extend => (Abilities.Extend, "extending a video"),
            VideoTask.Control => (Abilities.Control, "control clips"),
            _ => (Abilities.Mask, "masks"),
        };
        Require(wrong, field, needed, what, model);
    }

    /// <summary>A factor for each control block of a model: those asked for, or 1; empty for models without control blocks.</summary>
    public static IReadOnlyList<float> ControlStrengths(List<RequestProblem> wrong, VideoRequest request, Checkpoint model)
    {
        int blocks = model.Transformer!.VaceLayers.Count;
        if (request.ControlStrength is not { } given)
        {
            return blocks == 0 ? [] : [.. Enumerable.Repeat(1f, blocks)];
        }

        if (blocks == 0)
        {
            wrong.Add(new("control_strength", $"applies to VACE models; {model.Name} has no control blocks."));
            return [];
        }

        if (given.Count != 1 && given.Count != blocks)
        {
            wrong.Add(new("control_strength", $"has {given.Count} numbers; {model.Name} takes one, or one for each of its {blocks} control blocks."));
            return [];
        }

        return given.Count == blocks ? [.. given.Select(s => (float)s)] : [.. Enumerable.Repeat((float)given[0], blocks)];
    }

    static void Require(List<RequestProblem> wrong, string field, Abilities needed, string what, Checkpoint model)
    {
        var all = model.Info.Abilities;
        if (!all.HasFlag(needed))
        {
            string names = all == Abilities.None ? "nothing that is known" : string.Join(", ", s_names.Where(a => all.HasFlag(a.Flag)).Select(a => a.Name));
            wrong.Add(new(field, $"{model.Name} cannot work from {what}; it can do {names}."));
        }
    }
}
