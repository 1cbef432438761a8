using Engine.Kernels;

namespace Engine.Runtime;

/// <summary>Checks of what goes into a clip beside a source: pictures at times, references, a control clip, room around a source.</summary>
static class RequestKeyframes
{
    const int MaxMargin = 1 << 13;
    const double MaxStrength = 10;

    /// <summary>What is wrong with these fields whatever the model.</summary>
    public static void Combination(List<RequestProblem> found, VideoRequest request, bool video, VideoMode mode)
    {
        Only(found, "keyframes", request.Keyframes is not { Count: > 0 } || !video, "cannot be combined with a source video; give one of the two");
        Only(found, "control", request.Control is null || !video, "cannot be combined with a source video; give one of the two");
        Only(found, "expand", request.Expand is null || (video && mode == VideoMode.Edit), "applies to editing a source video; give one as video, with mode edit");
        if (request.Expand is { } expand && (Math.Min(Math.Min(expand.Left, expand.Top), Math.Min(expand.Right, expand.Bottom)) < 0
            || Math.Max(Math.Max(expand.Left, expand.Top), Math.Max(expand.Right, expand.Bottom)) is < 1 or > MaxMargin))
        {
            found.Add(new("expand", $"{expand.Left},{expand.Top},{expand.Right},{expand.Bottom} is not possible; it takes 0 to {MaxMargin} pixels for left, top, right and bottom, one of them above 0."));
        }

        if (request.References is { Count: > VideoRequest.MaxReferences } many)
        {
            found.Add(new("references", $"{many.Count} pictures are given; at most {VideoRequest.MaxReferences} are taken."));
        }

        if (request.ControlStrength is { } strengths && (strengths.Count == 0 || strengths.Any(s => !(s is >= 0 and <= MaxStrength))))
        {
            found.Add(new("control_strength", $"[{string.Join(", ", strengths)}] is not possible; it takes one number from 0 to {MaxStrength}, or one for each control block."));
        }

        foreach (var keyframe in request.Keyframes ?? [])
        {
            if (keyframe.Frame is null == keyframe.Seconds is null || !(keyframe.Seconds is null or (>= 0 and <= 3600)))
            {
                found.Add(new("keyframes", $"'{keyframe.Image}' needs either a frame or a time of 0 to 3600 seconds."));
            }
        }
    }

    /// <summary>Settles which frame each picture is.</summary>
    /// <param name="wrong">Receives pictures outside the clip, and two at one frame.</param>
    /// <param name="request">First and last frame, and keyframes.</param>
    /// <param name="frames">Frames of the clip.</param>
    /// <param name="fps">Its frames a second.</param>
    public static IReadOnlyList<PlacedPicture> Place(List<RequestProblem> wrong, VideoRequest request, int frames, double fps)
    {
        var placed = new List<PlacedPicture>();
        if (request.FirstFrame is { } first)
        {
            placed.Add(new PlacedPicture(0, first));
        }

        foreach (var keyframe in request.Keyframes ?? [])
        {
            int at = keyframe.Place(frames, fps);
            if (at < 0 || at >= frames)
            {
                wrong.Add(new("keyframes", $"'{keyframe.Image}' at {keyframe} is outside the clip, which has frames 0 to {frames - 1} ({frames / fps:0.##} s)."));
                continue;
            }

            placed.Add(new PlacedPicture(at, keyframe.Image));
        }

        if (request.LastFrame is { } last)
        {
            placed.Add(new PlacedPicture(frames - 1, last));
        }

        if (placed.GroupBy(p => p.Frame).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            wrong.Add(new(request.Keyframes is null ? "frames" : "keyframes", request.Keyframes is null
                ? $"{frames} frames have no room for a first and a last picture; ask for more."
                : $"two pictures fall on frame {twice.Key}; give each a time of its own."));
        }

        return placed.Count == 0 ? [] : [.. placed.OrderBy(p => p.Frame)];
    }

    /// <summary>What keyframes amount to.</summary>
    public static VideoTask Task(IReadOnlyList<PlacedPicture> placed, int frames) =>
        placed is [{ Frame: 0 }] ? VideoTask.ImageToVideo
        : placed is [{ Frame: 0 }, { } last] && last.Frame == frames - 1 ? VideoTask.FirstLastFrame
        : VideoTask.Keyframes;

    static void Only(List<RequestProblem> found, string field, bool allowed, string message)
    {
        if (!allowed)
        {
            found.Add(new(field, $"this {message}."));
        }
    }
}
