using Engine.Kernels;
using Engine.Model.Vae;

namespace Engine.Runtime.Pipelines;

/// <summary>Latents to frames, one latent frame at a time; memory does not grow with the clip.</summary>
static class DecodeStage
{
    /// <summary>Decodes a latent.</summary>
    /// <param name="vae">The decoder.</param>
    /// <param name="latent">[C, T, h, w], normalised.</param>
    /// <param name="tiling">How large frames are cut; null does them whole.</param>
    /// <param name="sink">Told the index of the first of some frames and their values [n, H, W, 3] in 0..1, valid during the call.</param>
    /// <param name="cancel">Stops between latent frames.</param>
    public static void Run(WanVae vae, Tensor latent, VaeTiling? tiling, Action<int, Tensor> sink, CancellationToken cancel)
    {
        var shape = latent.Shape;
        using var decoder = vae.OpenDecoder(shape[2], shape[3], tiling);
        using var frame = vae.Device.NewTensor([shape[0], 1, shape[2], shape[3]]);
        int done = 0;
        void Take(Tensor frames)
        {
            PixelRange.ToUnit(vae.Device, frames);
            sink(done, frames);
            done += frames.Shape[0];
        }

        FrameSink take = Take;
        for (int t = 0; t < shape[1]; t++)
        {
            cancel.ThrowIfCancellationRequested();
            Latents.Take(latent, t, frame);
            LatentScale.Denormalise(vae.Config, frame);
            decoder.Push(frame, take);
        }

        decoder.Finish(take, (_, _) => cancel.ThrowIfCancellationRequested());
    }
}
