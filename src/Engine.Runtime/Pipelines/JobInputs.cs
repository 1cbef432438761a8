using Engine.Runtime.Media;

namespace Engine.Runtime.Pipelines;

/// <summary>The pictures and the clip of a request, read and brought to size before any weight is.</summary>
sealed class JobInputs
{
    /// <summary>First frame at the clip's size, or null.</summary>
    public Image? First { get; private init; }

    /// <summary>Last frame at the clip's size, or null.</summary>
    public Image? Last { get; private init; }

    /// <summary>First frame at its own size, which the image encoder sees.</summary>
    public Image? FirstOriginal { get; private init; }

    /// <summary>Last frame at its own size.</summary>
    public Image? LastOriginal { get; private init; }

    /// <summary>The source clip, or null.</summary>
    public SourceClip? Source { get; private init; }

    /// <summary>[H, W], true where the clip is made anew; null without a mask.</summary>
    public bool[]? Mask { get; private init; }

    /// <summary>Reads everything; pictures that cannot be used are found out here.</summary>
    /// <param name="resolved">The request.</param>
    /// <param name="note">Told what was done to a picture.</param>
    /// <exception cref="Engine.Kernels.EngineException">A picture or clip cannot be read.</exception>
    public static JobInputs Load(ResolvedRequest resolved, Action<string> note)
    {
        var request = resolved.Request;
        return new JobInputs
        {
            First = Fit(request.FirstFrame, resolved, note),
            Last = Fit(request.LastFrame, resolved, note),
            FirstOriginal = request.FirstFrame is { } first ? Pictures.Load(first) : null,
            LastOriginal = request.LastFrame is { } last ? Pictures.Load(last) : null,
            Mask = resolved.Task == VideoTask.Edit ? Pictures.Mask(request.Mask!, resolved.Width, resolved.Height, note) : null,
            Source = request.Video is { } clip ? SourceClip.Open(clip) : null,
        };
    }

    static Image? Fit(PictureInput? picture, ResolvedRequest resolved, Action<string> note) =>
        picture is null ? null : Pictures.Fit(picture, resolved.Width, resolved.Height, note);
}
