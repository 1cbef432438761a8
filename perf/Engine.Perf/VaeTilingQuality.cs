using Engine.Kernels;
using Engine.Model.Vae;

namespace Engine.Perf;

/// <summary>Tiled against whole: <c>vae tiling MODEL WIDTH HEIGHT FRAMES TILE HALO[,HALO...] [PICTURE.rgb [OUT.rgb]]</c>.</summary>
/// <remarks>
/// Prints PSNR over the clip for each halo, decoder and encoder. PICTURE.rgb holds WIDTH x HEIGHT x 3 bytes and is encoded as every
/// frame of a still clip; without it the latents are noise. OUT.rgb receives the last tiled frame, OUT.rgb.diff the difference times 16.
/// </remarks>
static class VaeTilingQuality
{
    public static void Run(string[] args)
    {
        int width = int.Parse(args[1]), height = int.Parse(args[2]), frames = int.Parse(args[3]), tile = int.Parse(args[4]);
        using var device = new CpuDevice();
        using var vae = VaeTiming.Load(args[0], device, VaeParts.Both);
        int count = vae.Config.LatentFrames(frames);
        byte[]? picture = args.Length > 6 ? File.ReadAllBytes(args[6]) : null;
        float[] pixels = new float[width * height * 3];
        var random = new Random(1);
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = picture is null ? (random.NextSingle() * 2) - 1 : (picture[i] / 127.5f) - 1;
        }

        var encoded = Encode(vae, pixels, width, height, count, null);
        var latents = picture is not null ? encoded : encoded.ConvertAll(z => z.Select(_ => (random.NextSingle() * 2) - 1).ToArray());
        var whole = Decode(vae, latents, width, height, null);
        foreach (int halo in args[5].Split(',').Select(int.Parse))
        {
            var tiling = new VaeTiling { TileHeight = tile, TileWidth = tile, Halo = halo };
            var tiled = Decode(vae, latents, width, height, tiling);
            var tiledLatents = Encode(vae, pixels, width, height, count, tiling);
            var (mean, worst) = Psnr(whole, tiled, 2);
            double spread = encoded.Max(z => z.Max()) - encoded.Min(z => z.Min());
            var (latentMean, latentWorst) = Psnr(encoded, tiledLatents, spread);
            Console.WriteLine($"tile {tile} halo {halo}: decoder {mean:f1} dB (worst pixel {worst:f4} of 2), encoder {latentMean:f1} dB (worst {latentWorst:f4} of {spread:f1})");
            if (args.Length > 7)
            {
                File.WriteAllBytes(args[7], Array.ConvertAll(tiled[^1], v => Byte(v)));
                File.WriteAllBytes(args[7] + ".diff", [.. tiled[^1].Zip(whole[^1], (a, b) => Byte(16 * (a - b)))]);
            }
        }
    }

    static byte Byte(float v) => (byte)Math.Clamp((v + 1) * 127.5f, 0, 255);

    static (double Mean, double Worst) Psnr(List<float[]> a, List<float[]> b, double range)
    {
        double sum = 0, worst = 0;
        long count = 0;
        for (int f = 0; f < a.Count; f++)
        {
            for (int i = 0; i < a[f].Length; i++, count++)
            {
                double d = a[f][i] - b[f][i];
                sum += d * d;
                worst = Math.Max(worst, Math.Abs(d));
            }
        }

        return (10 * Math.Log10(range * range * count / Math.Max(sum, 1e-30)), worst);
    }

    static List<float[]> Decode(WanVae vae, List<float[]> latents, int width, int height, VaeTiling? tiling)
    {
        var frames = new List<float[]>();
        int h = height / vae.Config.SpatialFactor, w = width / vae.Config.SpatialFactor;
        using var decoder = vae.OpenDecoder(h, w, tiling);
        using var latent = vae.Device.NewTensor([vae.Config.ZDim, 1, h, w]);
        foreach (float[] values in latents)
        {
            latent.CopyFrom(values);
            decoder.Push(latent, Keep);
        }

        decoder.Finish(Keep);
        return frames;

        void Keep(Tensor group)
        {
            for (int i = 0; i < group.Shape[0]; i++)
            {
                frames.Add(Array.ConvertAll(group[i].ToArray(), v => Math.Clamp(v, -1, 1)));
            }
        }
    }

    static List<float[]> Encode(WanVae vae, float[] pixels, int width, int height, int count, VaeTiling? tiling)
    {
        var latents = new List<float[]>();
        using var encoder = vae.OpenEncoder(height, width, tiling);
        for (int t = 0; t < count; t++)
        {
            int n = t == 0 ? 1 : vae.Config.TemporalFactor;
            using var group = vae.Device.NewTensor([n, height, width, 3]);
            for (int i = 0; i < n; i++)
            {
                group[i].CopyFrom(pixels);
            }

            encoder.Push(group, latent => latents.Add(latent.ToArray()));
        }

        encoder.Finish(latent => latents.Add(latent.ToArray()));
        return latents;
    }
}
