using System.Security.Cryptography;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Runtime.Motion;

namespace Engine.Runtime;

/// <summary>Checks a request against a model and fills in what it leaves open. Reads no weights.</summary>
static class RequestResolver
{
    const int MaxDrawnSeed = int.MaxValue;

    /// <summary>Checks everything and reports every wrong field at once.</summary>
    /// <exception cref="RequestException">A field is wrong, an input file is missing, or the model cannot do the task.</exception>
    public static ResolvedRequest Resolve(VideoRequest request, Checkpoint model)
    {
        var wrong = RequestRules.Problems(request);
        var missing = RequestRules.MissingFiles(request);
        var task = TaskOf(request);
        Parts(model);
        RequestAbilities.Check(wrong, request, task, model);
        var (width, height) = QualityTiers.Size(wrong, request, model);
        Grid(wrong, model, width, height);
        if (wrong.Count + missing.Count > 0)
        {
            throw new RequestException([.. wrong, .. missing], wrong.Count == 0 ? ErrorKind.BadInput : ErrorKind.BadRequest);
        }

        var notes = new List<string>();
        var source = (request.Video ?? request.Control) is { } clip ? SourceClip.Open(clip) : null;
        if (source is not null && request is { Width: null, Height: null, Aspect: null, Tier: null })
        {
            (width, height) = SourceSize.Of(notes, request, source, model);
            Grid(wrong, model, width, height);
        }

        double fps = request.Fps ?? source?.Fps ?? model.Info.Fps;
        int frames = Frames(wrong, notes, request, task, model, fps, source?.Count);
        var keyframes = RequestKeyframes.Place(wrong, request, frames, fps);
        if (task == VideoTask.Keyframes && wrong.Count == 0)
        {
            task = RequestKeyframes.Task(keyframes, frames);
            RequestAbilities.CheckTask(wrong, "keyframes", task, model);
        }

        var extension = task == VideoTask.Extend
            ? RequestExtension.Of(wrong, notes, request, model, frames, source!, width, height)
            : RequestExtension.None(frames);
        int overlap = extension.Overlap;
        int steps = request.Steps ?? (request.Turbo ? TurboSteps : QualityTiers.Steps(request.Tier, model));
        int firstStep = task == VideoTask.Restyle ? FirstStep(wrong, request.Strength ?? DefaultStrength, steps) : 0;
        var motion = wrong.Count == 0 ? MotionResolver.Resolve(wrong, notes, request, model, task, (width, height, frames), steps) : null;
        firstStep = motion is { UsesTimeToMove: true } ? motion.TweakIndex : firstStep;
        RequestSteps.Check(wrong, request, steps - firstStep);
        if (request.Guidance2 is not null && !model.HasTransformer2)
        {
            wrong.Add(new("guidance2", $"applies to models with two experts; {model.Name} has one, so give guidance alone."));
        }

        var (windows, blend) = RequestWindows.Choose(request, task, model, frames);
        RequestWindows.Check(wrong, request, task, model, frames);
        if (RequestWindows.Tell(windows, blend, frames) is { } told)
        {
            notes.Add(told);
        }

        var strengths = RequestAbilities.ControlStrengths(wrong, request, model);
        Clips(wrong, request, frames);
        if (wrong.Count > 0)
        {
            throw new RequestException(wrong);
        }

        notes.AddRange(model.Notes);
        notes.AddRange(LoraRequest.Of(request).Check(model));
        long seed = request.Seed ?? RandomNumberGenerator.GetInt32(MaxDrawnSeed);
        if (request.Seed is null)
        {
            notes.Add($"seed {seed} was drawn at random.");
        }

        double guidance = request.Guidance ?? (request.Turbo ? 1 : model.Info.Guidance);
        RequestSteps.Tell(notes, request, guidance);
        var resolved = new ResolvedRequest
        {
            Request = request,
            Task = task,
            ModelName = model.Name,
            ModelPath = model.Path,
            Prompt = motion is { Camera: CameraMethod.Words } ? CameraWords.Append(request.Prompt, request.Motion!.Camera!) : request.Prompt,
            Motion = motion,
            NegativePrompt = request.NegativePrompt ?? model.Info.NegativePrompt,
            Width = width,
            Height = height,
            Frames = frames,
            OutputFrames = extension.Output,
            Fps = fps,
            Seed = seed,
            Steps = steps,
            FirstStep = firstStep,
            Guidance = guidance,
            Guidance2 = request.Guidance2 ?? (request.Guidance is null && !request.Turbo ? model.Info.Guidance2 : null) ?? guidance,
            GuidanceFirstStep = firstStep + (request.GuidanceFirstStep ?? 1) - 1,
            GuidanceLastStep = request.GuidanceLastStep is { } last ? firstStep + last - 1 : steps - 1,
            StepCache = request.StepCache ?? 0,
            Shift = request.Shift ?? (request.Turbo ? null : model.Scheduler?.FlowShift) ?? DefaultShift,
            Scheduler = request.Scheduler ?? (request.Turbo ? Model.Schedulers.SchedulerKind.Turbo : model.Scheduler?.Kind) ?? Model.Schedulers.SchedulerKind.UniPc,
            MaxSequenceLength = request.MaxSequenceLength ?? model.Info.MaxSequenceLength,
            Overlap = overlap,
            JoinedFrames = extension.Joined,
            DroppedFrames = extension.Dropped,
            SourceLatents = extension.Latents,
            SourceHeldTo = extension.HeldTo,
            Windows = windows,
            Blend = blend,
            SourceFrames = source?.Count ?? 0,
            Keyframes = keyframes,
            ControlStrengths = strengths,
            Direction = request.Direction ?? ExtendDirection.Forward,
            Notes = notes,
        };
        return resolved with { Request = Filled(request, resolved, model) };
    }

    const double DefaultStrength = 0.8;
    const double DefaultShift = 5;
    const int TurboSteps = 4;

    static VideoTask TaskOf(VideoRequest request) => request switch
    {
        { Video: not null, Mode: VideoMode.Extend } => VideoTask.Extend,
        { Video: not null, Mode: VideoMode.Edit } => VideoTask.Edit,
        { Video: not null, Mode: null } when request.Mask is not null || request.Expand is not null => VideoTask.Edit,
        { Video: not null } => VideoTask.Restyle,
        { Control: not null } => VideoTask.Control,
        { Keyframes.Count: > 0 } => VideoTask.Keyframes,
        { LastFrame: not null } => VideoTask.FirstLastFrame,
        { FirstFrame: not null } => VideoTask.ImageToVideo,
        _ => VideoTask.TextToVideo,
    };

    static VideoRequest Filled(VideoRequest request, ResolvedRequest r, Checkpoint model) => request with
    {
        NegativePrompt = r.NegativePrompt,
        Model = request.Files is null ? r.ModelPath : request.Model,
        Width = r.Width,
        Height = r.Height,
        Frames = r.Frames,
        Seconds = null,
        Tier = null,
        Aspect = null,
        Fps = r.Fps,
        Seed = r.Seed,
        Steps = r.Steps,
        Guidance = r.Guidance,
        Guidance2 = model.HasTransformer2 ? r.Guidance2 : null,
        Shift = r.Shift,
        Scheduler = r.Scheduler,
        Mode = r.Task switch
        {
            VideoTask.Restyle => VideoMode.Restyle,
            VideoTask.Extend => VideoMode.Extend,
            VideoTask.Edit => VideoMode.Edit,
            _ => null,
        },
        Strength = r.Task == VideoTask.Restyle ? request.Strength ?? DefaultStrength : null,
        Overlap = r.Task == VideoTask.Extend ? r.Overlap : null,
        Direction = r.Task == VideoTask.Extend ? r.Direction : null,
        LongClip = r.Windows is not null ? LongClip.Rounds : r.Blend is not null ? LongClip.Windows : request.LongClip,
        MaxSequenceLength = r.MaxSequenceLength,
        Motion = request.Motion is { } motion && r.Motion is { } played ? Filled(motion, played) : request.Motion,
    };

    static MotionRequest Filled(MotionRequest motion, ResolvedMotion played) => motion with
    {
        Units = Placement.UnitsOf(motion),
        Method = played.Regions,
        TweakIndex = played.UsesTimeToMove ? played.TweakIndex : null,
        StrongIndex = played.UsesTimeToMove ? played.StrongIndex : null,
        Camera = motion.Camera is { } camera ? camera with { Method = played.Camera } : null,
    };

    static void Parts(Checkpoint model)
    {
        if (model.Lacks is { Count: > 0 } absent)
        {
            throw new EngineException(ErrorKind.BadInput, $"The model {model.Path} has no {string.Join(" and no ", absent)}, which making a clip takes; complete its folder.");
        }
    }

    static void Grid(List<RequestProblem> wrong, Checkpoint model, int width, int height)
    {
        int patchesAtMost = model.Transformer!.RopeMaxSeqLen;
        Side(wrong, "width", width, model.Vae!.SpatialFactor * model.Transformer.Patch.W, patchesAtMost);
        Side(wrong, "height", height, model.Vae.SpatialFactor * model.Transformer.Patch.H, patchesAtMost);
    }

    static void Side(List<RequestProblem> wrong, string field, int value, int multiple, int patchesAtMost)
    {
        if (wrong.Any(p => p.Field == field))
        {
            return;
        }

        int longest = checked((int)Math.Min((long)multiple * patchesAtMost, 1 << 14));
        if (value > longest)
        {
            wrong.Add(new(field, $"{value} is more than the {longest} pixels that this model can take."));
        }
        else if (value % multiple != 0)
        {
            int below = value / multiple * multiple;
            string near = below == 0 ? $"{multiple}" : $"{below} or {below + multiple}";
            wrong.Add(new(field, $"{value} is not a multiple of {multiple}, which this model takes; the nearest are {near}."));
        }
    }

    static int Frames(
        List<RequestProblem> wrong, List<string> notes, VideoRequest request, VideoTask task, Checkpoint model, double fps, int? source)
    {
        int group = model.Vae!.TemporalFactor;

        // One go is bounded by the positions that the model knows; parts are not.
        int atOnce = ((model.Transformer!.RopeMaxSeqLen - 2) * group) + 1;
        var (rounds, windows) = RequestWindows.Choose(request, task, model, int.MaxValue);
        int most = (rounds?.Frames ?? windows?.Frames) <= atOnce ? RequestWindows.MostFrames : atOnce;
        int? available = task is VideoTask.Restyle or VideoTask.Edit or VideoTask.Control ? source : null;
        int frames;
        if (request.Frames is { } given)
        {
            frames = given;
            int below = (given - 1) / group * group + 1;
            if (below != given)
            {
                wrong.Add(new("frames", $"{given} is not {group}n + 1, which this model makes; the nearest are {below} and {below + group}."));
            }
        }
        else if (request.Seconds is { } more && task == VideoTask.Extend)
        {
            frames = RequestExtension.Frames(more, fps, RequestExtension.Shown(request, source!.Value, null), group);
        }
        else if (request.Seconds is { } seconds)
        {
            double asked = seconds * fps;
            frames = (Math.Max(0, (int)Math.Round((Math.Min(asked, 1 << 20) - 1) / group, MidpointRounding.AwayFromZero)) * group) + 1;
            notes.Add($"{seconds:0.###} s at {fps:0.###} frames a second is {asked:0.#} frames; {frames} is the nearest number that this model makes.");
        }
        else
        {
            frames = available is { } there ? Math.Min(model.Info.Frames, ((there - 1) / group * group) + 1) : model.Info.Frames;
        }

        if (frames > most)
        {
            wrong.Add(new(request.Seconds is null ? "frames" : "seconds", $"{frames} frames are more than the {most} that this model can make at once."));
        }
        else if (available is { } count && frames > count)
        {
            wrong.Add(new("frames", $"the {(task == VideoTask.Control ? "control clip" : "source video")} has {count} frames, fewer than the {frames} asked for; ask for {((count - 1) / group * group) + 1} or fewer."));
        }
        else if (available > frames)
        {
            notes.Add($"of the source's {available} frames the first {frames} are used.");
        }

        return frames;
    }

    /// <summary>A mask that is a clip has a frame for each frame made.</summary>
    static void Clips(List<RequestProblem> wrong, VideoRequest request, int frames)
    {
        if (request.Mask is { } mask && SourceClip.Open(mask).Count is > 1 and var count && count < frames)
        {
            wrong.Add(new("mask", $"the mask clip has {count} frames, fewer than the {frames} of the clip; give one picture, or a clip as long."));
        }
    }

    static int FirstStep(List<RequestProblem> wrong, double strength, int steps)
    {
        // Truncated in double precision, as upstream does.
        int running = Math.Min((int)(steps * strength), steps);
        if (running < 1)
        {
            wrong.Add(new("strength", $"{strength} of {steps} steps is less than one step; it takes {1.0 / steps:0.###} or more, or more steps."));
        }

        return steps - running;
    }
}
