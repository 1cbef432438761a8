using Engine.Kernels;
using Engine.Model.Vae;
using Engine.Testing;

namespace Engine.Model.Tests.Vae;

/// <summary>Runs whole clips through a VAE and turns layouts into the goldens': channel first.</summary>
static class VaeBench
{
    /// <summary>Real sizes.</summary>
    public static VaeConfig Wan21 => WithScale(new VaeConfig { BaseDim = 96, DecoderBaseDim = 96, ZDim = 16, LatentsMean = [], LatentsStd = [] });

    /// <summary>Real sizes.</summary>
    public static VaeConfig Wan22 => WithScale(new VaeConfig
    {
        BaseDim = 160,
        DecoderBaseDim = 256,
        ZDim = 48,
        InChannels = 12,
        OutChannels = 12,
        PatchSize = 2,
        IsResidual = true,
        LatentsMean = [],
        LatentsStd = [],
    });

    /// <summary>VAE 2.1 with 8 channels at full size and 4 in the latent.</summary>
    public static VaeConfig Small21 => WithScale(Wan21 with { BaseDim = 8, DecoderBaseDim = 8, ZDim = 4 });

    /// <summary>A model with random weights.</summary>
    public static WanVae Random(VaeConfig config, Device device)
    {
        using var source = new RandomWeights(store => WanVae.Load(store.Root, config, store.Device));
        return WanVae.Load(source, config, device);
    }

    /// <summary>Pixels [1, 3, T, H, W] to means [1, Z, t, h, w].</summary>
    public static float[] Encode(WanVae vae, float[] pixels, int[] shape, VaeTiling? tiling = null)
    {
        var config = vae.Config;
        int frames = shape[^3], height = shape[^2], width = shape[^1];
        int count = config.LatentFrames(frames);
        int plane = height / config.SpatialFactor * (width / config.SpatialFactor);
        var result = new float[config.ZDim * count * plane];
        using var encoder = vae.OpenEncoder(height, width, tiling);
        int done = 0;
        for (int t = 0, from = 0; t < count; t++)
        {
            int n = t == 0 ? 1 : config.TemporalFactor;
            using var group = vae.Device.NewTensor([n, height, width, 3]);
            group.CopyFrom(LastFromFirst(pixels, 3, frames, height * width, from, n));
            encoder.Push(group, Collect);
            from += n;
        }

        encoder.Finish(Collect);
        return result;

        void Collect(Tensor latent)
        {
            float[] values = latent.ToArray();
            for (int c = 0; c < config.ZDim; c++)
            {
                values.AsSpan(c * plane, plane).CopyTo(result.AsSpan(((c * count) + done) * plane));
            }

            done++;
        }
    }

    /// <summary>Latents [1, Z, t, h, w] to pixels [1, 3, T, H, W].</summary>
    public static float[] Decode(WanVae vae, float[] latents, int[] shape, VaeTiling? tiling = null)
    {
        var config = vae.Config;
        int count = shape[^3], h = shape[^2], w = shape[^1];
        int frames = config.PixelFrames(count);
        int pixels = h * w * config.SpatialFactor * config.SpatialFactor;
        var result = new float[3 * frames * pixels];
        int done = 0;
        using var decoder = vae.OpenDecoder(h, w, tiling);
        using var latent = vae.Device.NewTensor([config.ZDim, 1, h, w]);
        for (int t = 0; t < count; t++)
        {
            for (int c = 0; c < config.ZDim; c++)
            {
                latents.AsSpan(((c * count) + t) * h * w, h * w).CopyTo(latent.Span[(c * h * w)..]);
            }

            decoder.Push(latent, Collect);
        }

        decoder.Finish(Collect);
        return result;

        void Collect(Tensor group)
        {
            float[] values = group.ToArray();
            for (int i = 0; i < values.Length; i++)
            {
                int frame = done + (i / 3 / pixels);
                result[(((i % 3 * frames) + frame) * pixels) + (i / 3 % pixels)] = values[i];
            }

            done += group.Shape[0];
        }
    }

    /// <summary>Values limited to -1..1, as upstream's decode ends.</summary>
    public static float[] Clamp(float[] values) => Array.ConvertAll(values, v => Math.Clamp(v, -1f, 1f));

    static float[] LastFromFirst(float[] first, int channels, int frames, int plane, int from, int count)
    {
        var last = new float[count * plane * channels];
        for (int i = 0; i < last.Length; i++)
        {
            int frame = from + (i / channels / plane);
            last[i] = first[(((i % channels * frames) + frame) * plane) + (i / channels % plane)];
        }

        return last;
    }

    static VaeConfig WithScale(VaeConfig config) => config with
    {
        LatentsMean = [.. Enumerable.Range(0, config.ZDim).Select(i => 0.1f * i)],
        LatentsStd = [.. Enumerable.Range(0, config.ZDim).Select(i => 1 + (0.2f * i))],
    };
}
