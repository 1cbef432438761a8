using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vae;

/// <summary>How much memory a VAE needs, found by running it on a device that only counts.</summary>
public static class VaeMemory
{
    // Caches are filled after the first frame and the two frames after it.
    const int FramesToFill = 4;

    // Latents along a tile's side; smaller ones would be mostly halo.
    static readonly int[] s_tiles = [96, 64, 48, 32, 24, 16, 12, 8];

    /// <summary>Most bytes that packed weights, caches and scratch take at one time, whatever the clip's length.</summary>
    /// <param name="config">Sizes of the model.</param>
    /// <param name="part">Encoder or decoder.</param>
    /// <param name="latentHeight">h.</param>
    /// <param name="latentWidth">w.</param>
    /// <param name="tiling">How frames are cut, or null.</param>
    /// <param name="like">The device it will run on; null means the host's cores.</param>
    public static long Peak(VaeConfig config, VaeParts part, int latentHeight, int latentWidth, VaeTiling? tiling, Device? like = null)
    {
        using var device = new DryDevice(like);
        using var vae = WanVae.Load(WeightStore.Recording(device, DType.F32).Root, config, device, part);
        device.ResetPeak();
        if (part == VaeParts.Decoder)
        {
            using var decoder = vae.OpenDecoder(latentHeight, latentWidth, tiling);
            using var latent = device.NewTensor([config.ZDim, 1, latentHeight, latentWidth]);
            for (int t = 0; t < FramesToFill; t++)
            {
                decoder.Push(latent, _ => { });
            }

            decoder.Finish(_ => { });
            return device.Peak;
        }

        int height = latentHeight * config.SpatialFactor;
        int width = latentWidth * config.SpatialFactor;
        using var encoder = vae.OpenEncoder(height, width, tiling);
        using var group = device.NewTensor([config.TemporalFactor, height, width, 3]);
        for (int t = 0; t < FramesToFill; t++)
        {
            encoder.Push(group.Slice(0, t == 0 ? 1 : config.TemporalFactor), _ => { });
        }

        encoder.Finish(_ => { });
        return device.Peak;
    }

    /// <summary>The least cutting that stays within a limit: null (whole frames) if they fit, else the largest tiles that do.</summary>
    /// <param name="config">Sizes of the model.</param>
    /// <param name="part">Encoder or decoder.</param>
    /// <param name="latentHeight">h.</param>
    /// <param name="latentWidth">w.</param>
    /// <param name="bytes">Limit for weights, caches and scratch together.</param>
    /// <param name="like">The device it will run on; null means the host's cores.</param>
    /// <exception cref="EngineException">Not even the smallest tiles fit.</exception>
    public static VaeTiling? Fit(VaeConfig config, VaeParts part, int latentHeight, int latentWidth, long bytes, Device? like = null)
    {
        if (Peak(config, part, latentHeight, latentWidth, null, like) <= bytes)
        {
            return null;
        }

        long least = 0;
        foreach (int tile in s_tiles)
        {
            var tiling = new VaeTiling { TileHeight = tile, TileWidth = tile };
            least = Peak(config, part, latentHeight, latentWidth, tiling, like);
            if (least <= bytes)
            {
                return tiling;
            }
        }

        throw new EngineException(
            ErrorKind.NoResources,
            $"The VAE needs at least {least >> 20} MiB for frames of {latentWidth * config.SpatialFactor}x{latentHeight * config.SpatialFactor}, and {bytes >> 20} MiB are allowed: allow more memory or choose a smaller frame.");
    }
}
