using Engine.Kernels;

namespace Engine.Model.Vae;

/// <summary>Between raw latents (what the VAE makes and takes) and normalised ones (what the transformer works on).</summary>
public static class LatentScale
{
    /// <summary>Raw to normalised, in place: (z - mean) / std per channel.</summary>
    /// <param name="config">Holds mean and std of each channel.</param>
    /// <param name="latent">[C, T, H, W].</param>
    public static void Normalise(VaeConfig config, Tensor latent) => Apply(config, latent, inverse: false);

    /// <summary>Normalised to raw, in place: z * std + mean per channel.</summary>
    /// <param name="config">Holds mean and std of each channel.</param>
    /// <param name="latent">[C, T, H, W].</param>
    public static void Denormalise(VaeConfig config, Tensor latent) => Apply(config, latent, inverse: true);

    // Upstream keeps 1 / std and multiplies or divides by that, which rounds differently from using std itself.
    static void Apply(VaeConfig config, Tensor latent, bool inverse)
    {
        if (latent.Shape.Rank < 1 || latent.Shape[0] != config.ZDim)
        {
            throw new ArgumentException($"A latent of shape {latent.Shape} does not have {config.ZDim} channels.", nameof(latent));
        }

        var device = latent.Device;
        using var mean = device.NewTensor([config.ZDim]);
        using var factor = device.NewTensor([config.ZDim]);
        mean.CopyFrom([.. config.LatentsMean]);
        factor.CopyFrom([.. config.LatentsStd.Select(std => 1 / std)]);
        ChannelAffine.Run(device, latent, mean, factor, inverse);
    }
}
