using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Vae;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Vae;

public sealed class VaeStreamTests(ITestOutputHelper log)
{
    [Theory, InlineData(true), InlineData(false)]
    public void Memory_does_not_grow_with_the_clip(bool decode)
    {
        using var device = new CpuDevice();
        using var vae = Builtin(device);
        long few = Peak(vae, decode, frames: 17);
        long many = Peak(vae, decode, frames: 161);
        using var dry = new DryDevice();
        using var planned = Builtin(dry);
        long plan = Peak(planned, decode, frames: 17);
        log.WriteLine($"17 frames: {few} bytes, 161 frames: {many}, planned: {plan}");
        Assert.Equal(few, many);
        Assert.InRange(plan, 0.95 * few, 1.1 * few);
    }

    [Fact]
    public void Same_bits_for_any_number_of_threads_and_after_a_reset()
    {
        int[] shape = [1, 24, 3, 5, 7];
        float[] latents = Waves(24 * 3 * 5 * 7);
        float[] pixels = Waves(3 * 5 * 80 * 112);
        float[]? decoded = null, encoded = null;
        foreach (int threads in (int[])[1, 2, 4])
        {
            using var device = new CpuDevice(threads);
            using var vae = Builtin(device);
            for (int round = 0; round < 2; round++)
            {
                float[] frames = VaeBench.Decode(vae, latents, shape);
                float[] means = VaeBench.Encode(vae, pixels, [1, 3, 5, 80, 112]);
                Assert.Equal(decoded ??= frames, frames);
                Assert.Equal(encoded ??= means, means);
            }
        }
    }

    // Large planes run one by one with packed caches; what that changes is rounding.
    [Fact]
    public void Large_planes_give_the_same_to_sixteen_bits_in_less_memory()
    {
        using var device = new CpuDevice();
        using var vae = VaeBench.Random(VaeBench.Small21 with { BaseDim = 32, DecoderBaseDim = 32 }, device);
        int[] small = [1, 4, 3, 12, 10];
        int[] large = [1, 3, 9, 96, 80];
        float[] latents = Waves(4 * 3 * 12 * 10);
        float[] pixels = Waves(3 * 9 * 96 * 80);
        device.ResetPeak();
        float[] decoded = VaeBench.Decode(vae, latents, small);
        float[] encoded = VaeBench.Encode(vae, pixels, large);
        long usual = device.Peak;
        vae.LargePlane = 100_000;
        device.ResetPeak();
        double decoder = Golden.RelativeError(VaeBench.Decode(vae, latents, small), decoded);
        double encoder = Golden.RelativeError(VaeBench.Encode(vae, pixels, large), encoded);
        log.WriteLine($"decoder {decoder:e2}, encoder {encoder:e2}; {usual} bytes, {device.Peak} packed");
        Assert.InRange(decoder, 1e-9, 2e-5);
        Assert.InRange(encoder, 1e-9, 2e-5);
        Assert.InRange(device.Peak, 0, 0.9 * usual);
    }

    [Fact]
    public void A_reset_decoder_starts_afresh()
    {
        using var device = new CpuDevice();
        using var vae = Builtin(device);
        using var decoder = vae.OpenDecoder(2, 3);
        using var latent = device.NewTensor([24, 1, 2, 3]);
        latent.CopyFrom(Waves(24 * 6));
        float[] first = [], again = [];
        decoder.Push(latent, frames => first = frames.ToArray());
        decoder.Push(latent, frames => Assert.Equal(4, frames.Shape[0]));
        decoder.Reset();
        decoder.Push(latent, frames => again = frames.ToArray());
        Assert.Equal(first, again);
    }

    [Fact]
    public void Wrong_sizes_and_numbers_of_frames_are_told_in_one_sentence()
    {
        using var device = new CpuDevice();
        using var vae = Builtin(device);
        Assert.Contains("multiples of 16", Assert.Throws<EngineException>(() => vae.OpenEncoder(72, 64)).Message);
        using var encoder = vae.OpenEncoder(64, 64);
        using var two = device.NewTensor([2, 64, 64, 3]);
        Assert.Contains("4n + 1", Assert.Throws<EngineException>(() => encoder.Push(two, _ => { })).Message);
        Assert.Contains("4n + 1", Assert.Throws<EngineException>(() => vae.Config.LatentFrames(16)).Message);
        Assert.Equal(5, vae.Config.LatentFrames(17));
        Assert.Equal(17, vae.Config.PixelFrames(5));
    }

    [Fact]
    public void A_half_can_be_loaded_alone()
    {
        using var device = new CpuDevice();
        var checkpoint = Checkpoint.Open(Repository.BuiltinModel);
        using var source = checkpoint.OpenVae();
        using var vae = WanVae.Load(source, checkpoint.Vae!, device, VaeParts.Decoder);
        Assert.Throws<InvalidOperationException>(() => vae.OpenEncoder(64, 64));
        vae.OpenDecoder(2, 2).Dispose();
    }

    [Theory, InlineData("2.1"), InlineData("2.2")]
    public void What_is_asked_for_equals_the_published_list(string version)
    {
        var config = version == "2.1" ? VaeBench.Wan21 : VaeBench.Wan22;
        using var device = new DryDevice();
        var store = WeightStore.Recording(device, DType.F32);
        using var vae = WanVae.Load(store.Root, config, device);
        var asked = store.Requested.Select(r => $"{r.Name}\t{string.Join('x', r.Shape.ToArray())}").Order(StringComparer.Ordinal);
        var listed = File.ReadLines(Path.Combine(Repository.Goldens, "manifests", $"diffusers.vae-{version}.tsv"))
            .Where(line => line.Length > 0).Order(StringComparer.Ordinal);
        Assert.Equal(listed, asked);
    }

    [Fact]
    public void Normalising_turns_round()
    {
        using var device = new CpuDevice();
        var config = VaeBench.Small21;
        using var latent = device.NewTensor([4, 2, 3, 3]);
        float[] values = Waves(72);
        latent.CopyFrom(values);
        LatentScale.Normalise(config, latent);
        Assert.Equal((values[20] - config.LatentsMean[1]) / config.LatentsStd[1], latent.ToArray()[20], 1e-6);
        LatentScale.Denormalise(config, latent);
        Assert.InRange(Golden.RelativeError(latent.ToArray(), values), 0, 1e-6);
    }

    static long Peak(WanVae vae, bool decode, int frames)
    {
        var device = vae.Device;
        device.ResetPeak();
        int count = vae.Config.LatentFrames(frames);
        using var latent = device.NewTensor([vae.Config.ZDim, 1, 4, 4]);
        latent.Fill(0.3f);
        using var decoder = decode ? vae.OpenDecoder(4, 4) : null;
        using var encoder = decode ? null : vae.OpenEncoder(64, 64);
        for (int t = 0; t < count; t++)
        {
            using var group = device.NewTensor([t == 0 ? 1 : 4, 64, 64, 3]);
            group.Fill(0.1f);
            decoder?.Push(latent, _ => { });
            encoder?.Push(group, latent);
        }

        return device.Peak;
    }

    static WanVae Builtin(Device device)
    {
        var checkpoint = Checkpoint.Open(Repository.BuiltinModel);
        using var source = checkpoint.OpenVae();
        return WanVae.Load(source, checkpoint.Vae!, device);
    }

    static float[] Waves(int count) => [.. Enumerable.Range(0, count).Select(i => MathF.Sin(i * 0.37f) * MathF.Cos(i * 0.011f))];
}
