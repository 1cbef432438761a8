using System.Globalization;

namespace Engine.Runtime;

/// <summary>Checks of a request that need no model.</summary>
static class RequestRules
{
    public const int MaxThreads = 1024;
    public const long MinMemory = 64L << 20;
    public const int MaxSteps = 1000;
    public const int MaxTextLength = 1024;
    static readonly int[] s_overlaps = [1, 5, 9, 13, 17];

    /// <summary>Everything that is wrong with a request whatever the model.</summary>
    public static List<RequestProblem> Problems(VideoRequest request)
    {
        var found = new List<RequestProblem>();
        Text(found, "prompt", request.Prompt);
        Text(found, "negative_prompt", request.NegativePrompt ?? "");
        Whole(found, "width", request.Width, 1, 1 << 14, "pixels");
        Whole(found, "height", request.Height, 1, 1 << 14, "pixels");
        Whole(found, "frames", request.Frames, 1, 1 << 16, "frames");
        Real(found, "seconds", request.Seconds, 0, 3600, aboveMinimum: true);
        Real(found, "fps", request.Fps, 1, 240);
        Whole(found, "steps", request.Steps, 1, MaxSteps, "steps");
        Real(found, "guidance", request.Guidance, 0, 100);
        Real(found, "guidance2", request.Guidance2, 0, 100);
        Whole(found, "guidance_first_step", request.GuidanceFirstStep, 1, MaxSteps, "steps");
        Whole(found, "guidance_last_step", request.GuidanceLastStep, 1, MaxSteps, "steps");
        Real(found, "step_cache", request.StepCache, 0, 1);
        Real(found, "shift", request.Shift, 0, 1000, aboveMinimum: true);
        Real(found, "strength", request.Strength, 0, 1, aboveMinimum: true);
        Whole(found, "max_sequence_length", request.MaxSequenceLength, 2, MaxTextLength, "tokens");
        Whole(found, "window_frames", request.WindowFrames, RequestWindows.LeastFrames, 1 << 14, "frames");
        if (request.WindowFrames is { } window && window % 4 != 1)
        {
            found.Add(new("window_frames", $"{window} is not 4n + 1; the nearest are {window / 4 * 4 + 1} and {(window / 4 * 4) + 5}."));
        }

        Whole(found, "threads", request.Threads, 0, MaxThreads, "threads");
        if (request.MemoryLimit is < MinMemory)
        {
            found.Add(new("memory_limit", $"{request.MemoryLimit} bytes is too little; it takes {MinMemory >> 20} MiB or more."));
        }

        Named(found, "scheduler", request.Scheduler);
        Named(found, "mode", request.Mode);
        Named(found, "tier", request.Tier);
        Named(found, "direction", request.Direction);
        Named(found, "long_clip", request.LongClip);
        if (request.Frames is not null && request.Seconds is not null)
        {
            found.Add(new("seconds", "the length is given twice; give frames or seconds, not both."));
        }

        MotionRules.Check(found, request);
        Named(found, "lora_mode", request.LoraMode);
        found.AddRange(LoraRequest.Problems(request));
        Combination(found, request);
        return found;
    }

    /// <summary>Input files that are not there.</summary>
    public static List<RequestProblem> MissingFiles(VideoRequest request)
    {
        var found = new List<RequestProblem>();
        File(found, "first_frame", request.FirstFrame?.Path, "picture", folder: false);
        File(found, "last_frame", request.LastFrame?.Path, "picture", folder: false);
        File(found, "mask", request.Mask?.Path, "picture or clip", folder: true);
        File(found, "control", request.Control?.Path, "clip", folder: true);
        foreach (var keyframe in request.Keyframes ?? [])
        {
            File(found, "keyframes", keyframe.Image.Path, "picture", folder: false);
        }

        foreach (var reference in request.References ?? [])
        {
            File(found, "references", reference.Path, "picture", folder: false);
        }

        File(found, "video", request.Video?.Path, "clip", folder: true);
        foreach (var (field, path, what, folder) in MotionRules.Files(request.Motion))
        {
            File(found, field, path, what, folder);
        }

        foreach (var (field, path) in request.Files?.Given ?? [])
        {
            File(found, field, path, "weight", folder: false);
        }

        foreach (var lora in request.Loras ?? [])
        {
            File(found, "loras", lora.Path, "LoRA", folder: false);
        }

        return found;
    }

    static void Combination(List<RequestProblem> found, VideoRequest request)
    {
        if (request.GuidanceFirstStep > request.GuidanceLastStep)
        {
            found.Add(new("guidance_last_step", $"{request.GuidanceLastStep} comes before guidance_first_step, {request.GuidanceFirstStep}; give a later step."));
        }

        bool video = request.Video is not null;
        bool edits = request.Mask is not null || request.Expand is not null;
        var mode = request.Mode ?? (edits ? VideoMode.Edit : VideoMode.Restyle);
        Only(found, "mode", request.Mode is not null, video, "applies to a source video; give one as video");
        Only(found, "mask", request.Mask is not null, video && mode == VideoMode.Edit, "applies to editing a source video; give one as video, with mode edit");
        Only(found, "show_masked", request.ShowMasked, video && mode == VideoMode.Edit, "applies to editing a source video; give one as video, with a mask");
        Only(found, "strength", request.Strength is not null, video && mode == VideoMode.Restyle, "applies to restyling a source video; give one as video, with mode restyle");
        Only(found, "overlap", request.Overlap is not null, video && mode == VideoMode.Extend, "applies to extending a source video; give one as video, with mode extend");
        Only(found, "last_frame", request.LastFrame is not null, request.FirstFrame is not null, "needs a first_frame as well");
        Only(found, "first_frame", request.FirstFrame is not null, !video, "cannot be combined with a source video; give one of the two");
        Only(found, "mode", video && mode == VideoMode.Edit, edits, "is edit, which needs a mask: a picture that is white where the clip is made anew (or expand, to add room around it)");
        Only(found, "direction", request.Direction is not null, video && mode == VideoMode.Extend, "applies to extending a source video; give one as video, with mode extend");
        RequestKeyframes.Combination(found, request, video, mode);
        if (request.Overlap is { } overlap && !s_overlaps.Contains(overlap))
        {
            found.Add(new("overlap", $"{overlap} is not possible; it takes {string.Join(", ", s_overlaps)} frames."));
        }
    }

    static void Only(List<RequestProblem> found, string field, bool given, bool allowed, string message)
    {
        if (given && !allowed)
        {
            found.Add(new(field, $"this {message}."));
        }
    }

    static void Text(List<RequestProblem> found, string field, string? text)
    {
        if (text is null)
        {
            found.Add(new(field, "is missing; give a text."));
        }
        else if (text.Length > VideoRequest.MaxPromptLength)
        {
            found.Add(new(field, $"has {text.Length} characters; at most {VideoRequest.MaxPromptLength} are taken (models read a few hundred words)."));
        }
    }

    static void Whole(List<RequestProblem> found, string field, int? value, int minimum, int maximum, string unit)
    {
        if (value is { } number && (number < minimum || number > maximum))
        {
            found.Add(new(field, $"{number} is not possible; it takes {minimum} to {maximum} {unit}."));
        }
    }

    static void Real(List<RequestProblem> found, string field, double? value, double minimum, double maximum, bool aboveMinimum = false)
    {
        // Written so that NaN fails.
        if (value is { } number && !(number <= maximum && (aboveMinimum ? number > minimum : number >= minimum)))
        {
            string from = aboveMinimum ? $"above {minimum}" : minimum.ToString(CultureInfo.InvariantCulture);
            found.Add(new(field, $"{number} is not possible; it takes a number {(aboveMinimum ? "" : "from ")}{from} to {maximum}."));
        }
    }

    static void Named<T>(List<RequestProblem> found, string field, T? value)
        where T : struct, Enum
    {
        if (value is { } given && !Enum.IsDefined(given))
        {
            found.Add(new(field, $"{given} is not one of {string.Join(", ", Enum.GetNames<T>())}."));
        }
    }

    static void File(List<RequestProblem> found, string field, string? path, string what, bool folder)
    {
        if (path is not null && !System.IO.File.Exists(path) && !(folder && Directory.Exists(path)))
        {
            found.Add(new(field, Directory.Exists(path) ? $"'{path}' is a folder; give a {what} file." : $"there is no file '{path}'; give a {what} that exists."));
        }
    }
}
