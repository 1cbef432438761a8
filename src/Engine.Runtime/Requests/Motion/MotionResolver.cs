using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Runtime.Motion;

namespace Engine.Runtime;

/// <summary>Decides how a motion request is played on a model, and says so. Reads pictures and poses, no weights.</summary>
static class MotionResolver
{
    /// <summary>The decision, or null without a motion request.</summary>
    /// <param name="wrong">Receives what is wrong.</param>
    /// <param name="notes">Receives what the user should know.</param>
    /// <param name="request">The request; its rules were checked and its files are there.</param>
    /// <param name="model">The model.</param>
    /// <param name="task">What the request amounts to.</param>
    /// <param name="size">Width, height and frames of the clip.</param>
    /// <param name="steps">Steps of the sampler.</param>
    public static ResolvedMotion? Resolve(
        List<RequestProblem> wrong, List<string> notes, VideoRequest request, Checkpoint model, VideoTask task, (int Width, int Height, int Frames) size, int steps)
    {
        if (request.Motion is not { } motion)
        {
            return null;
        }

        var resolved = new ResolvedMotion
        {
            Regions = motion.HasRegions ? Regions(wrong, motion, model, task) : null,
            Camera = motion.Camera is { } camera ? Camera(wrong, motion, camera, model, task) : null,
        };
        if (resolved.UsesTimeToMove)
        {
            resolved = Clocks(wrong, motion, model, resolved, steps);
        }

        Tracks(wrong, motion, size.Frames);
        if (wrong.Count == 0)
        {
            Say(notes, request, motion, resolved, model, size, steps);
        }

        return resolved;
    }

    static MotionMethod Regions(List<RequestProblem> wrong, MotionRequest motion, Checkpoint model, VideoTask task)
    {
        if (task != VideoTask.ImageToVideo)
        {
            wrong.Add(new("motion", "moves things in a first frame; leave out the last frame and the source video."));
        }

        var method = motion.Method
            ?? (motion.DragVideo is null && model.Info.Abilities.HasFlag(Abilities.Tracks) ? MotionMethod.WanMove : MotionMethod.TimeToMove);
        if (method != MotionMethod.WanMove)
        {
            return method;
        }

        var transformer = model.Transformer!;
        if (transformer.InChannels == transformer.OutChannels || transformer.CameraAdapter is not null || model.Info.ExpandTimesteps)
        {
            wrong.Add(new("motion.method", $"is wan-move, which takes a Wan-Move checkpoint; {model.Name} is none, so use time-to-move."));
        }

        if (motion.DragVideo is not null)
        {
            wrong.Add(new("motion.drag_video", "is for time-to-move, and the method is wan-move; leave out one of the two."));
        }

        return method;
    }

    static CameraMethod Camera(List<RequestProblem> wrong, MotionRequest motion, CameraRequest camera, Checkpoint model, VideoTask task)
    {
        bool adapter = model.Info.Abilities.HasFlag(Abilities.Camera);
        bool warp = task == VideoTask.ImageToVideo && motion is { DragVideo: null } && motion.Method != MotionMethod.WanMove
            && !(motion.HasRegions && motion.Method is null && model.Info.Abilities.HasFlag(Abilities.Tracks));
        switch (camera.Method)
        {
            case CameraMethod.Adapter when !adapter:
                wrong.Add(new("motion.camera.method", $"is adapter, which only Fun-Camera checkpoints have; {model.Name} is none, so use warp or words."));
                break;
            case CameraMethod.Warp when !warp:
                wrong.Add(new("motion.camera.method", "is warp, which moves across a first frame by Time-to-Move; give a first_frame, and neither a dragged clip nor wan-move."));
                break;
            case CameraMethod.Words when camera.PosesFile is not null:
                wrong.Add(new("motion.camera.poses_file", "cannot be put into words; give moves, or use warp."));
                break;
            case null when camera.PosesFile is not null && !adapter && !warp:
                wrong.Add(new("motion.camera.poses_file", "takes a Fun-Camera checkpoint, or a first_frame to move across; give moves instead, which can be put into words."));
                break;
        }

        return camera.Method ?? (adapter ? CameraMethod.Adapter : warp ? CameraMethod.Warp : CameraMethod.Words);
    }

    static ResolvedMotion Clocks(List<RequestProblem> wrong, MotionRequest motion, Checkpoint model, ResolvedMotion resolved, int steps)
    {
        var (tweak, strong) = MotionClocks.Default(model.Info, resolved.Regions is not null, steps);
        int first = motion.TweakIndex ?? Math.Min(tweak, motion.StrongIndex ?? tweak);
        int until = motion.StrongIndex ?? Math.Max(strong, first);
        if (first >= steps)
        {
            wrong.Add(new("motion.tweak_index", $"{first} is not possible; it takes 0 to {steps - 1}, since there are {steps} steps."));
        }
        else if (until < first || until > steps)
        {
            wrong.Add(new("motion.strong_index", $"{until} is not possible; it takes {first} (where sampling starts) to {steps}."));
        }

        return resolved with { TweakIndex = first, StrongIndex = until };
    }

    static void Tracks(List<RequestProblem> wrong, MotionRequest motion, int frames)
    {
        for (int i = 0; i < motion.Tracks.Count; i++)
        {
            int count = motion.Tracks[i].Points.Count;
            if (count > MotionRequest.MaxPoints && count != frames)
            {
                wrong.Add(new($"motion.tracks[{i}].points", $"has {count} points; it takes 2 to {MotionRequest.MaxPoints}, or {frames}: one for each frame."));
            }
        }
    }

    static void Say(
        List<string> notes, VideoRequest request, MotionRequest motion, ResolvedMotion resolved, Checkpoint model, (int Width, int Height, int Frames) size, int steps)
    {
        if (resolved.NeedsScene)
        {
            bool warps = resolved.Camera == CameraMethod.Warp;
            var scene = MotionScene.Load(motion, request.FirstFrame!, size.Width, size.Height, size.Frames, warps);
            if (motion.Units is null && Placement.Points(motion).Any())
            {
                notes.Add($"the motion's numbers are taken as {(Placement.UnitsOf(motion) == MotionUnits.Fractions ? "fractions of the picture" : "pixels of the picture")}.");
            }

            notes.AddRange(MotionReport.Sentences(scene));
        }

        if (resolved.Regions is { } regions)
        {
            notes.Add(regions == MotionMethod.WanMove
                ? $"motion is played by Wan-Move{(model.Info.Abilities.HasFlag(Abilities.Tracks) ? "" : ", which this checkpoint is not known to be trained for")}."
                : $"motion is played by Time-to-Move: steps {resolved.TweakIndex + 1} to {steps} run, and what is dragged is held until step {resolved.StrongIndex}.");
        }

        if (resolved.Camera is { } camera)
        {
            notes.Add(camera switch
            {
                CameraMethod.Adapter => "the camera's path goes through the checkpoint's camera adapter.",
                CameraMethod.Warp => "the camera's path is played by warping the first picture (Time-to-Move), since this checkpoint has no camera adapter.",
                _ => $"the camera's path is played in words, \"{CameraWords.Of(motion.Camera!)}\", since this checkpoint has no camera adapter{(request.FirstFrame is null ? " and there is no first picture to warp" : "")}.",
            });
        }
    }
}
