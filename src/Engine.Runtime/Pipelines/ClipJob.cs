using Engine.Kernels;
using Engine.Runtime.Jobs;

namespace Engine.Runtime.Pipelines;

/// <summary>One request from its prompt to its finished latent, in one go or in rounds that go on from one another.</summary>
/// <remarks>
/// Every round is a job of its own, with a seed of its own and a state of its own beside the others'. What is shared between two rounds
/// stays in latents (see <see cref="ClipTail"/>), so that a clip of any length is decoded once, in one stream.
/// </remarks>
sealed class ClipJob(ModelParts parts, ResolvedRequest request, Residency residency, GenerationOptions options, JobProgress progress)
{
    ColourHold? _hold;

    /// <summary>Makes the clip's latent [C, T, h, w], normalised, in the order of the frames it decodes to; the caller owns it.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; noticed within one block of one step.</exception>
    public Tensor Run(CancellationToken cancel)
    {
        if (request is { SourceLatents: null, Windows: null } && !IsExtension)
        {
            return new GenerationJob(parts, request, residency, options, progress).Run(cancel);
        }

        var clip = request.SourceLatents is { } path ? LatentsFile.Read(path, parts.Device) : default;
        try
        {
            foreach (var (round, part) in Rounds(request).Index())
            {
                progress.BeginRound(round);
                using var tail = clip.IsEmpty ? null : ClipTail.Of(parts, clip, part.Overlap, residency.Decode, cancel);
                if (residency.ReleaseParts)
                {
                    parts.Decoder.Release();
                }

                var asked = part.Windows is { ByPicture: true } && tail is not null ? part with { Keyframes = [new PlacedPicture(0, Picture(part, tail))] } : part;
                using var made = new GenerationJob(parts, asked with { Windows = null }, residency, StateOf(round), progress, tail).Run(cancel);
                Hold(made, clip, part);
                var longer = clip.IsEmpty ? Latents.Copy(made, 0, made.Shape[1]) : Latents.Join(clip, made, 1 + tail!.Count);
                clip.Dispose();
                clip = longer;
            }

            return clip;
        }
        catch
        {
            clip.Dispose();
            throw;
        }
    }

    /// <summary>Latent frames of the clip up to the end that colours are held to; 0 where none are.</summary>
    public int HeldTo { get; private set; }

    // What is gone on from first is held to by all that comes after; a clip that is made from its start is held to that.
    void Hold(Tensor made, Tensor clip, ResolvedRequest part)
    {
        if (!request.Request.HoldColour)
        {
            return;
        }

        int given = ((part.Overlap - 1) / parts.Checkpoint.Vae!.TemporalFactor) + 1;
        bool goesOn = part.Task == VideoTask.Extend;
        if (_hold is null)
        {
            HeldTo = !goesOn ? 0 : clip.IsEmpty ? given : request.SourceHeldTo is > 0 and var held && held <= clip.Shape[1] ? held : clip.Shape[1];
            _hold = goesOn ? ColourHold.EndOf(clip.IsEmpty ? made : clip, HeldTo) : ColourHold.StartOf(made);
            HeldTo = goesOn ? HeldTo : ColourHold.FramesOfStart(made);
        }

        if (goesOn || part.Windows is { ByPicture: false })
        {
            _hold.Apply(made, goesOn ? given : HeldTo);
        }
    }

    bool IsExtension => request is { Task: VideoTask.Extend, Direction: ExtendDirection.Forward };

    /// <summary>The rounds of a request, each a request of its own. Those that go on from latents have the task extend, or start with a picture.</summary>
    public static IReadOnlyList<ResolvedRequest> Rounds(ResolvedRequest request)
    {
        var windows = request.Windows ?? new ClipWindows(request.Frames, request.Overlap);
        var rounds = new List<ResolvedRequest>();
        int made = 0;
        while (made < request.Frames)
        {
            bool goesOn = made > 0 || request.SourceLatents is not null;
            int shared = made > 0 ? windows.Overlap : request.Overlap;
            int frames = Math.Min(windows.Frames, request.Frames - made + (made > 0 ? shared : 0));
            rounds.Add(request with
            {
                Frames = frames,
                Seed = request.Seed + rounds.Count,
                Windows = windows,
                Task = !goesOn ? request.Task : windows.ByPicture ? VideoTask.ImageToVideo : VideoTask.Extend,
                Keyframes = goesOn && !windows.ByPicture ? [] : request.Keyframes,
                Overlap = shared,
                Request = request.Request with { Seed = request.Seed + rounds.Count, Frames = frames },
            });
            made += frames - (made > 0 ? shared : 0);
        }

        return rounds;
    }

    static PictureInput Picture(ResolvedRequest part, ClipTail tail) => PictureInput.FromRgb24(
        Array.ConvertAll(tail.Frames[^1], v => (byte)Math.Clamp(((v + 1) * 127.5f) + 0.5f, 0, 255)), part.Width, part.Height);

    GenerationOptions StateOf(int round) => options.StatePath is { } path && round > 0 ? options with { StatePath = GenerationOptions.StatePathOf(path, round) } : options;
}
