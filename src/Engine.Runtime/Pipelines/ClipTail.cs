using Engine.Kernels;
using Engine.Model.Vae;

namespace Engine.Runtime.Pipelines;

/// <summary>The end of a clip that is gone on from: its last latent frames as they are, and the pixels they decode to.</summary>
/// <remarks>
/// The first latent of a clip holds one pixel frame and the others four, so that the latents of an end cannot start a clip. What can is the
/// frame right before them, encoded as a first frame; the latents after it stay as they were made.
/// </remarks>
sealed class ClipTail : IDisposable
{
    // Latent frames decoded before the end for the decoder's memory of what came before; more change less than rounding to bytes.
    const int Before = 4;

    ClipTail(float[][] frames, Tensor latents) => (Frames, Latents) = (frames, latents);

    /// <summary>The last 4n + 1 pixel frames [H, W, 3], -1 to 1.</summary>
    public float[][] Frames { get; }

    /// <summary>The last n latent frames [C, n, h, w], normalised; unset for n = 0.</summary>
    public Tensor Latents { get; }

    /// <summary>Number of latent frames, n.</summary>
    public int Count => Latents.IsEmpty ? 0 : Latents.Shape[1];

    /// <summary>Takes the end of a clip.</summary>
    /// <param name="parts">The model, for its decoder.</param>
    /// <param name="clip">Latents of the clip [C, T, h, w].</param>
    /// <param name="overlap">Pixel frames wanted, 4n + 1.</param>
    /// <param name="tiling">How large frames are cut.</param>
    /// <param name="cancel">Stops between latent frames.</param>
    public static ClipTail Of(ModelParts parts, Tensor clip, int overlap, VaeTiling? tiling, CancellationToken cancel)
    {
        int group = parts.Checkpoint.Vae!.TemporalFactor;
        int count = (overlap - 1) / group;
        int start = Math.Max(0, clip.Shape[1] - count - 1 - Before);
        using var end = Pipelines.Latents.Copy(clip, start, clip.Shape[1] - start);
        var last = new Queue<float[]>();
        using var lease = parts.Decoder.Rent(cancel);
        DecodeStage.Run(lease.Value, end, tiling, (_, frames) =>
        {
            for (int i = 0; i < frames.Shape[0]; i++)
            {
                if (last.Count == overlap)
                {
                    last.Dequeue();
                }

                last.Enqueue(Array.ConvertAll(frames[i].ToArray(), v => (2 * v) - 1));
            }
        }, cancel);
        return new ClipTail([.. last], count == 0 ? default : Pipelines.Latents.Copy(clip, clip.Shape[1] - count, count));
    }

    /// <summary>Frees the latents.</summary>
    public void Dispose() => Latents.Dispose();
}
