using Engine.Kernels;
using Engine.Runtime.Media;
using Engine.Runtime.Motion;

namespace Engine.Runtime.Pipelines;

/// <summary>Makes the frames that are handed out: decoded ones, with a joined source before them or its pixels put back.</summary>
/// <param name="parts">The model.</param>
/// <param name="request">What was asked for.</param>
/// <param name="residency">How large frames are cut.</param>
/// <param name="heldTo">Latent frames to whose end colours are held; 0 where they are not.</param>
/// <param name="observer">Sees frames as they are decoded.</param>
/// <param name="queue">Where frames go.</param>
/// <param name="progress">Told about every frame.</param>
sealed class FrameMaker(
    ModelParts parts, ResolvedRequest request, Residency residency, int heldTo, IPipelineObserver? observer, FrameQueue queue, JobProgress progress)
{
    int _handedOut;
    ColourMatch? _match;

    /// <summary>Decodes a latent [C, T, h, w] into the queue.</summary>
    public void Run(Tensor latent, CancellationToken cancel)
    {
        using var scratch = new Workspace(parts.Device, blockBytes: 1 << 12);
        var source = request.Request.Video is { } clip && (request.JoinedFrames > 0 || PastesBack) ? SourceClip.Open(clip) : null;
        bool backward = request.Direction == ExtendDirection.Backward;
        if (!backward)
        {
            HandSource(source, cancel);
        }

        using var originals = PastesBack ? source!.Read(0, request.Frames, request.Width, request.Height, margins: request.Margins).GetEnumerator() : null;
        using var masks = PastesBack ? request.OpenMask(source!).ReadFlags(request.Frames).GetEnumerator() : null;
        var (still, moving) = Still();
        int last = heldTo == 0 ? int.MaxValue : (heldTo - 1) * parts.Checkpoint.Vae!.TemporalFactor;
        using var lease = parts.Decoder.Rent(cancel);
        DecodeStage.Run(lease.Value, latent, residency.Decode, (first, frames) =>
        {
            observer?.OnFrames(first, frames);
            for (int i = 0; i < frames.Shape[0]; i++)
            {
                if (first + i == last)
                {
                    HoldTo(frames[i], scratch);
                }

                originals?.MoveNext();
                masks?.MoveNext();
                bool isNew = first + i > last;
                if (backward ? first + i < request.Frames - request.Overlap : first + i >= request.DroppedFrames)
                {
                    Hand(frames[i], originals?.Current ?? still, masks?.Current ?? moving, isNew ? _match : null, scratch, cancel);
                }
            }
        }, cancel);
        if (backward)
        {
            HandSource(source, cancel);
        }
    }

    void HandSource(SourceClip? source, CancellationToken cancel)
    {
        if (request.JoinedFrames > 0)
        {
            foreach (var image in source!.Read(0, request.JoinedFrames, request.Width, request.Height))
            {
                Hand(image.Rgb, cancel);
            }
        }
    }

    // Where nothing may move, the first picture's own pixels stay: what the decoder makes of them is a little different in every frame.
    (Image? Picture, bool[]? Moving) Still()
    {
        if (request.Motion?.Regions is null || request.Request is not { PasteBack: true, Motion: { StaticMask: not null } motion, FirstFrame: { } first })
        {
            return (null, null);
        }

        var scene = MotionScene.Load(motion, first, request.Width, request.Height, request.Frames, warps: false);
        return (scene.First, Array.ConvertAll(scene.Static!, s => !s));
    }

    // The frame that is gone on from: the source's own, where it is there, else as it is decoded.
    void HoldTo(Tensor decoded, Workspace scratch)
    {
        var rgb = new byte[request.Width * request.Height * 3];
        int? own = request.SourceLatents is null ? request.SourceFrames - 1 : request.JoinedFrames > 0 ? request.JoinedFrames - 1 : null;
        if (request.Task == VideoTask.Extend && own is { } frame)
        {
            rgb = SourceClip.Open(request.Request.Video!).Read(frame, 1, request.Width, request.Height).Single().Rgb;
        }
        else
        {
            PixelRange.ToBytes(decoded.Device, decoded, rgb, scratch);
        }

        _match = new ColourMatch(rgb, request.Width, request.Height);
    }

    bool PastesBack => request.Task == VideoTask.Edit && request.Request.PasteBack;

    void Hand(Tensor frame, Image? original, bool[]? mask, ColourMatch? match, Workspace scratch, CancellationToken cancel)
    {
        byte[] rgb = queue.Next(cancel);
        PixelRange.ToBytes(frame.Device, frame, rgb, scratch);
        match?.Apply(rgb);
        if (original is not null)
        {
            PasteBack.Run(original, mask!, rgb, even: PastesBack);
        }

        Published();
    }

    void Hand(byte[] pixels, CancellationToken cancel)
    {
        pixels.CopyTo(queue.Next(cancel), 0);
        Published();
    }

    void Published()
    {
        queue.Publish();
        progress.FramesDone(++_handedOut);
    }
}
