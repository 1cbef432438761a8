using Engine.Kernels;

namespace Engine.Runtime.Pipelines;

/// <summary>Moves single frames in and out of latents [C, T, h, w].</summary>
static class Latents
{
    /// <summary>Copies a frame [C, 1, h, w] to place <paramref name="t"/> of a latent.</summary>
    public static void Put(Tensor frame, Tensor latent, int t) => Copy(frame, 0, latent, t);

    /// <summary>Copies frame <paramref name="t"/> of a latent to [C, 1, h, w].</summary>
    public static void Take(Tensor latent, int t, Tensor frame) => Copy(latent, t, frame, 0);

    static void Copy(Tensor from, int fromFrame, Tensor to, int toFrame)
    {
        for (int c = 0; c < to.Shape[0]; c++)
        {
            to[c].Slice(toFrame, 1).CopyFrom(from[c].Slice(fromFrame, 1));
        }
    }
}
