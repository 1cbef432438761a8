using Engine.Kernels;
using Engine.Runtime.Media;
using Engine.Runtime.Motion;

namespace Engine.Runtime.Pipelines;

/// <summary>Makes the frames that are handed out: decoded ones, with a joined source before them or its pixels put back.</summary>
sealed class FrameMaker(
    ModelParts parts, ResolvedRequest request, Residency residency, IPipelineObserver? observer, FrameQueue queue, JobProgress progress)
{
    int _handedOut;

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
        using var lease = parts.Decoder.Rent(cancel);
        DecodeStage.Run(lease.Value, latent, residency.Decode, (first, frames) =>
        {
            observer?.OnFrames(first, frames);
            for (int i = 0; i < frames.Shape[0]; i++)
            {
                originals?.MoveNext();
                masks?.MoveNext();
                if (backward ? first + i < request.Frames - request.Overlap : first + i >= request.DroppedFrames)
                {
                    Hand(frames[i], originals?.Current ?? still, masks?.Current ?? moving, scratch, cancel);
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

    bool PastesBack => request.Task == VideoTask.Edit && request.Request.PasteBack;

    void Hand(Tensor frame, Image? original, bool[]? mask, Workspace scratch, CancellationToken cancel)
    {
        byte[] rgb = queue.Next(cancel);
        PixelRange.ToBytes(frame.Device, frame, rgb, scratch);
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
