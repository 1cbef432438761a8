using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Vae;

namespace Engine.Runtime.Verification;

/// <summary>A VAE: <c>pixels</c> -> <c>mean</c> and <c>latents</c> -> <c>decoded</c>, both in upstream's [C, T, H, W] order, decoded values cut to -1..1.</summary>
static class VaeCases
{
    public static void Run(CaseRun run, Checkpoint checkpoint)
    {
        var config = checkpoint.Vae
            ?? throw new EngineException(ErrorKind.BadInput, $"{checkpoint.Path} holds no VAE.");
        using var source = checkpoint.OpenVae();
        using var vae = WanVae.Load(source, config, run.Device);
        if (run.Golden.Has("pixels"))
        {
            Encode(run, vae);
        }

        if (run.Golden.Has("latents"))
        {
            Decode(run, vae);
        }
    }

    static void Encode(CaseRun run, WanVae vae)
    {
        var pixels = run.Input("pixels");
        int frames = pixels.Shape[2], height = pixels.Shape[3], width = pixels.Shape[4];
        int side = vae.Config.SpatialFactor, chunk = vae.Config.TemporalFactor;
        int times = ((frames - 1) / chunk) + 1, h = height / side, w = width / side;
        var mean = new float[vae.Config.ZDim * times * h * w];
        using var encoder = vae.OpenEncoder(height, width);
        using var latent = run.Device.NewTensor([vae.Config.ZDim, 1, h, w]);
        for (int t = 0; t < times; t++)
        {
            int first = t == 0 ? 0 : ((t - 1) * chunk) + 1;
            int count = t == 0 ? 1 : chunk;
            using var part = run.Device.NewTensor([count, height, width, 3]);
            part.CopyFrom(ChannelsLast(pixels, first, count));
            encoder.Push(part, latent);
            Scatter(latent.ToArray(), mean, t, times, h * w);
        }

        run.Compare("mean", mean, [vae.Config.ZDim, times, h, w]);
    }

    static void Decode(CaseRun run, WanVae vae)
    {
        var latents = run.Input("latents");
        int z = latents.Shape[1], times = latents.Shape[2], h = latents.Shape[3], w = latents.Shape[4];
        int height = h * vae.Config.SpatialFactor, width = w * vae.Config.SpatialFactor;
        int frames = ((times - 1) * vae.Config.TemporalFactor) + 1;
        var decoded = new float[3 * frames * height * width];
        int done = 0;
        using var decoder = vae.OpenDecoder(h, w);
        using var latent = run.Device.NewTensor([z, 1, h, w]);
        for (int t = 0; t < times; t++)
        {
            latent.CopyFrom(Frame(latents, t));
            decoder.Push(latent, part =>
            {
                float[] values = part.ToArray();
                int plane = height * width;
                for (int f = 0; f < part.Shape[0]; f++, done++)
                {
                    for (int i = 0; i < plane * 3; i++)
                    {
                        float value = values[(f * plane * 3) + i];
                        decoded[(((i % 3 * frames) + done) * plane) + (i / 3)] = Math.Clamp(value, -1, 1);
                    }
                }
            });
        }

        run.Compare("decoded", decoded, [3, frames, height, width]);
    }

    // [1, 3, T, H, W] -> [count, H, W, 3]
    static float[] ChannelsLast(GoldenTensor pixels, int first, int count)
    {
        int frames = pixels.Shape[2], plane = pixels.Shape[3] * pixels.Shape[4];
        var values = new float[count * plane * 3];
        for (int i = 0; i < values.Length; i++)
        {
            int frame = first + (i / (plane * 3));
            values[i] = pixels.Values[(((i % 3 * frames) + frame) * plane) + (i / 3 % plane)];
        }

        return values;
    }

    // [1, Z, T, h, w] -> [Z, 1, h, w]
    static float[] Frame(GoldenTensor latents, int t)
    {
        int times = latents.Shape[2], plane = latents.Shape[3] * latents.Shape[4];
        var values = new float[latents.Shape[1] * plane];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = latents.Values[(((i / plane * times) + t) * plane) + (i % plane)];
        }

        return values;
    }

    static void Scatter(float[] latent, float[] all, int t, int times, int plane)
    {
        for (int i = 0; i < latent.Length; i++)
        {
            all[(((i / plane * times) + t) * plane) + (i % plane)] = latent[i];
        }
    }
}
