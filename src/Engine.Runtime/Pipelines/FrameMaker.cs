using Engine.Kernels;
using Engine.Runtime.Media;

namespace Engine.Runtime.Pipelines;

/// <summary>Makes the frames that are handed out: decoded ones, with a joined source before them or its pixels put back.</summary>
sealed class FrameMaker(
    ModelParts parts, ResolvedRequest request, Residency residency, IPipelineObserver? observer, FrameQueue queue, JobProgress progress)
{
    int _handedOut;

    /// <summary>Decodes a latent [C, T, h, w] into the queue.</summary>
    public void Run(Tensor latent, CancellationToken cancel)
    {
        var source = request.Request.Video is { } clip && (request.JoinedFrames > 0 || PastesBack) ? SourceClip.Open(clip) : null;
        if (request.JoinedFrames > 0)
        {
            foreach (var image in source!.Read(0, request.JoinedFrames, request.Width, request.Height))
            {
                Hand(image.Rgb, cancel);
            }
        }

        using var originals = PastesBack ? source!.Read(0, request.Frames, request.Width, request.Height).GetEnumerator() : null;
        bool[]? mask = PastesBack ? Pictures.Mask(request.Request.Mask!, request.Width, request.Height) : null;
        using var lease = parts.Decoder.Rent();
        DecodeStage.Run(lease.Value, latent, residency.Decode, (first, frames) =>
        {
            observer?.OnFrames(first, frames);
            for (int i = 0; i < frames.Shape[0]; i++)
            {
                originals?.MoveNext();
                if (first + i >= request.Overlap)
                {
                    Hand(frames[i], originals?.Current, mask, cancel);
                }
            }
        }, cancel);
    }

    bool PastesBack => request.Task == VideoTask.Edit && request.Request.PasteBack;

    void Hand(Tensor frame, Image? original, bool[]? mask, CancellationToken cancel)
    {
        byte[] rgb = queue.Next(cancel);
        DecodeStage.ToBytes(frame, rgb);
        if (original is not null)
        {
            DecodeStage.PasteBack(original, mask!, rgb);
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
