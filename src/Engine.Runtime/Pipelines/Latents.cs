using Engine.Kernels;

namespace Engine.Runtime.Pipelines;

/// <summary>Moves single frames in and out of latents [C, T, h, w].</summary>
static class Latents
{
    /// <summary>Copies a frame [C, 1, h, w] to place <paramref name="t"/> of a latent.</summary>
    public static void Put(Tensor frame, Tensor latent, int t) => Copy(frame, 0, latent, t);

    /// <summary>Copies frame <paramref name="t"/> of a latent to [C, 1, h, w].</summary>
    public static void Take(Tensor latent, int t, Tensor frame) => Copy(latent, t, frame, 0);

    /// <summary>A copy of some frames of a latent [C, count, h, w]; the caller owns it.</summary>
    public static Tensor Copy(Tensor latent, int start, int count)
    {
        var copy = latent.Device.NewTensor([latent.Shape[0], count, latent.Shape[2], latent.Shape[3]]);
        for (int c = 0; c < latent.Shape[0]; c++)
        {
            copy[c].CopyFrom(latent[c].Slice(start, count));
        }

        return copy;
    }

    /// <summary>One latent after the other, without the first frames of the second; the caller owns it.</summary>
    public static Tensor Join(Tensor first, Tensor second, int skip)
    {
        int count = second.Shape[1] - skip;
        var joined = first.Device.NewTensor([first.Shape[0], first.Shape[1] + count, first.Shape[2], first.Shape[3]]);
        for (int c = 0; c < first.Shape[0]; c++)
        {
            joined[c].Slice(0, first.Shape[1]).CopyFrom(first[c]);
            joined[c].Slice(first.Shape[1], count).CopyFrom(second[c].Slice(skip, count));
        }

        return joined;
    }

    static void Copy(Tensor from, int fromFrame, Tensor to, int toFrame)
    {
        for (int c = 0; c < to.Shape[0]; c++)
        {
            to[c].Slice(toFrame, 1).CopyFrom(from[c].Slice(fromFrame, 1));
        }
    }
}
