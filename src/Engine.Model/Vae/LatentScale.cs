using Engine.Kernels;

namespace Engine.Model.Vae;

/// <summary>Between raw latents (what the VAE makes and takes) and normalised ones (what the transformer works on).</summary>
public static class LatentScale
{
    /// <summary>Raw to normalised, in place: (z - mean) / std per channel.</summary>
    /// <param name="config">Holds mean and std of each channel.</param>
    /// <param name="latent">[C, T, H, W].</param>
    public static void Normalise(VaeConfig config, Tensor latent) => Apply(config, latent, static (v, mean, std) => (v - mean) * (1 / std));

    /// <summary>Normalised to raw, in place: z * std + mean per channel.</summary>
    /// <param name="config">Holds mean and std of each channel.</param>
    /// <param name="latent">[C, T, H, W].</param>
    public static void Denormalise(VaeConfig config, Tensor latent) => Apply(config, latent, static (v, mean, std) => (v / (1 / std)) + mean);

    // Upstream keeps 1 / std and multiplies or divides by that, which rounds differently from using std itself.
    static void Apply(VaeConfig config, Tensor latent, Func<float, float, float, float> map)
    {
        if (latent.Shape.Rank < 1 || latent.Shape[0] != config.ZDim)
        {
            throw new ArgumentException($"A latent of shape {latent.Shape} does not have {config.ZDim} channels.", nameof(latent));
        }

        if (latent.Device.Skips(nameof(LatentScale), 2.0 * latent.Count, 8.0 * latent.Count))
        {
            return;
        }

        for (int c = 0; c < config.ZDim; c++)
        {
            foreach (ref float value in latent[c].Span)
            {
                value = map(value, config.LatentsMean[c], config.LatentsStd[c]);
            }
        }
    }
}
