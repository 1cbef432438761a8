using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Vae;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Vae;

public sealed class VaeTilingTests(ITestOutputHelper log)
{
    [Fact]
    public void The_builtin_model_tiles_a_picture_of_512_without_visible_loss()
    {
        using var device = new CpuDevice();
        var checkpoint = Checkpoint.Open(Repository.BuiltinModel);
        using var source = checkpoint.OpenVae();
        using var vae = WanVae.Load(source, checkpoint.Vae!, device);
        Compare(vae, Picture(5, 512, 512), [1, 3, 5, 512, 512], new VaeTiling { TileHeight = 12, TileWidth = 16 });
    }

    [Fact]
    public void A_random_model_of_the_2_1_kind_tiles_as_well()
    {
        using var device = new CpuDevice();
        using var vae = VaeBench.Random(VaeBench.Small21, device);
        Compare(vae, Picture(5, 256, 192), [1, 3, 5, 256, 192], new VaeTiling { TileHeight = 12, TileWidth = 24 });
    }

    [Fact]
    public void With_the_exact_halo_only_rounding_differs()
    {
        using var device = new CpuDevice();
        using var vae = VaeBench.Random(VaeBench.Small21, device);
        var tiling = new VaeTiling { TileHeight = 26, TileWidth = 32, Halo = VaeTiling.ExactHalo };
        var latents = Picture(3, 80, 9);
        int[] shape = [1, 4, 2, 90, 3];
        latents = [.. latents.Take(4 * 2 * 90 * 3)];
        float[] whole = VaeBench.Decode(vae, latents, shape);
        Assert.InRange(Golden.RelativeError(VaeBench.Decode(vae, latents, shape, tiling), whole), 0, 1e-6);
    }

    [Fact]
    public void Tiles_need_less_memory_and_the_need_does_not_grow_with_the_clip()
    {
        var tiling = new VaeTiling { TileHeight = 16, TileWidth = 16 };
        long whole = DryPeak(latentFrames: 4, null);
        long few = DryPeak(latentFrames: 4, tiling);
        long many = DryPeak(latentFrames: 12, tiling);
        log.WriteLine($"decode 1024x1024, base 96: whole {whole >> 20} MiB, tiled {few >> 20} MiB");
        Assert.InRange(few, 0, whole / 2);
        Assert.Equal(few, many);
    }

    [Fact]
    public void Tiles_are_chosen_by_what_fits()
    {
        Assert.Null(VaeMemory.Fit(VaeBench.Wan21, VaeParts.Decoder, 32, 32, 1500L << 20));
        var tiling = VaeMemory.Fit(VaeBench.Wan21, VaeParts.Decoder, 90, 160, 2500L << 20)!;
        Assert.InRange(VaeMemory.Peak(VaeBench.Wan21, VaeParts.Decoder, 90, 160, tiling), 1, 2500L << 20);
        var encoder = VaeMemory.Fit(VaeBench.Wan21, VaeParts.Encoder, 90, 160, 2000L << 20)!;
        log.WriteLine($"1280x720: decoder in 2500 MiB {tiling.TileHeight}, encoder in 2000 MiB {encoder.TileHeight}");
        var error = Assert.Throws<EngineException>(() => VaeMemory.Fit(VaeBench.Wan21, VaeParts.Decoder, 90, 160, 1L << 20));
        Assert.Equal(ErrorKind.NoResources, error.Kind);
    }

    [Fact]
    public void Temporary_files_are_gone_afterwards_and_a_bad_folder_is_told()
    {
        using var device = new CpuDevice();
        using var vae = VaeBench.Random(VaeBench.Small21, device);
        string folder = Directory.CreateTempSubdirectory("engine-test").FullName;
        try
        {
            var tiling = new VaeTiling { TileHeight = 4, TileWidth = 4, Folder = folder };
            VaeBench.Decode(vae, Picture(1, 8, 24), [1, 4, 1, 12, 12], tiling);
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
            var error = Assert.Throws<EngineException>(() => VaeBench.Decode(
                vae, Picture(1, 8, 24), [1, 4, 1, 12, 12], tiling with { Folder = Path.Combine(folder, "absent") }));
            Assert.Equal(ErrorKind.BadOutput, error.Kind);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    void Compare(WanVae vae, float[] pixels, int[] shape, VaeTiling tiling)
    {
        float[] latents = VaeBench.Encode(vae, pixels, shape);
        double encoder = Psnr(latents, VaeBench.Encode(vae, pixels, shape, tiling), latents.Max() - latents.Min());
        int factor = vae.Config.SpatialFactor;
        int[] small = [1, vae.Config.ZDim, vae.Config.LatentFrames(shape[2]), shape[3] / factor, shape[4] / factor];
        float[] whole = VaeBench.Clamp(VaeBench.Decode(vae, latents, small));
        double decoder = Psnr(whole, VaeBench.Clamp(VaeBench.Decode(vae, latents, small, tiling)), 2);
        log.WriteLine($"encoder {encoder:f1} dB, decoder {decoder:f1} dB");
        Assert.InRange(encoder, 40, double.MaxValue);
        Assert.InRange(decoder, 40, double.MaxValue);
    }

    static long DryPeak(int latentFrames, VaeTiling? tiling)
    {
        using var device = new DryDevice();
        using var vae = VaeBench.Random(VaeBench.Small21 with { BaseDim = 96, DecoderBaseDim = 96 }, device);
        device.ResetPeak();
        using var decoder = vae.OpenDecoder(128, 128, tiling);
        using var latent = device.NewTensor([4, 1, 128, 128]);
        for (int t = 0; t < latentFrames; t++)
        {
            decoder.Push(latent, _ => { });
        }

        decoder.Finish(_ => { });
        return device.Peak;
    }

    static double Psnr(float[] want, float[] got, double range)
    {
        double sum = 0;
        for (int i = 0; i < want.Length; i++)
        {
            sum += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        }

        return 10 * Math.Log10(range * range * want.Length / Math.Max(sum, 1e-30));
    }

    // A sky, a meadow with stripes, and a ball that rolls: edges of every direction, and flat parts where a seam would show.
    static float[] Picture(int frames, int height, int width)
    {
        var pixels = new float[3 * frames * height * width];
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i % width, y = i / width % height, frame = i / width / height % frames, c = i / width / height / frames;
            double ball = Math.Sqrt(Math.Pow(x - (width * (0.3 + (0.02 * frame))), 2) + Math.Pow(y - (height * 0.6), 2));
            bool sky = y < height * 0.4;
            double value = ball < height * 0.17 ? (c == 0 ? 0.7 : -0.6)
                : sky ? (c == 2 ? 0.8 : 0.2) - (0.3 * y / height)
                : (c == 1 ? 0.3 : -0.4) + (0.1 * Math.Sin((x + y) * 0.2));
            pixels[i] = (float)value;
        }

        return pixels;
    }
}
