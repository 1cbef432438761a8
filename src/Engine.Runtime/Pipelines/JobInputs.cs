using Engine.Runtime.Media;
using Engine.Runtime.Motion;

namespace Engine.Runtime.Pipelines;

/// <summary>The pictures and the clips of a request, read or opened before any weight is read.</summary>
sealed class JobInputs
{
    /// <summary>Pictures that are frames of the clip, at the clip's size.</summary>
    public IReadOnlyDictionary<int, Image> Frames { get; private init; } = new Dictionary<int, Image>();

    /// <summary>The same pictures in order, at their own sizes, which the image encoder sees.</summary>
    public IReadOnlyList<Image> Originals { get; private init; } = [];

    /// <summary>Reference pictures at their own sizes.</summary>
    public IReadOnlyList<Image> References { get; private init; } = [];

    /// <summary>The source clip, or null.</summary>
    public SourceClip? Source { get; private init; }

    /// <summary>The control clip, or null.</summary>
    public SourceClip? Control { get; private init; }

    /// <summary>Where the clip is made anew; null when there is nothing to edit.</summary>
    public MaskClip? Mask { get; private init; }

    /// <summary>What moves, or null.</summary>
    public MotionScene? Scene { get; private init; }

    /// <summary>The end of the clip that is gone on from, when it is there in latents.</summary>
    public ClipTail? Tail { get; private init; }

    /// <summary>Reads everything; pictures that cannot be used are found out here.</summary>
    /// <param name="resolved">The request.</param>
    /// <param name="tail">The end of the clip that is gone on from, or null.</param>
    /// <param name="note">Told what was done to a picture.</param>
    /// <exception cref="Engine.Kernels.EngineException">A picture or clip cannot be read.</exception>
    public static JobInputs Load(ResolvedRequest resolved, ClipTail? tail, Action<string> note)
    {
        var request = resolved.Request;
        var source = request.Video is { } clip ? SourceClip.Open(clip) : null;
        return new JobInputs
        {
            Frames = resolved.Keyframes.ToDictionary(k => k.Frame, k => Pictures.Fit(k.Image, resolved.Width, resolved.Height, note)),
            Originals = [.. resolved.Keyframes.Select(k => Pictures.Load(k.Image))],
            References = [.. (request.References ?? []).Select(Pictures.Load)],
            Source = source,
            Tail = tail,
            Control = request.Control is { } control ? SourceClip.Open(control) : null,
            Mask = resolved.Task == VideoTask.Edit ? resolved.OpenMask(source!, note) : null,
            Scene = resolved.Motion is { NeedsScene: true }
                ? MotionScene.Load(request.Motion!, request.FirstFrame!, resolved.Width, resolved.Height, resolved.Frames, resolved.Motion.Camera == CameraMethod.Warp)
                : null,
        };
    }
}
