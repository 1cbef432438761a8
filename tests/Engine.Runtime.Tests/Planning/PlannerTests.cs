using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Runtime.Pipelines;
using Engine.Runtime.Planning;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Planning;

public sealed class PlannerTests
{
    const long Baseline = 100L << 20;

    static readonly PictureInput s_picture = PictureInput.FromRgb24(new byte[128 * 128 * 3], 128, 128);

    static readonly ClipInput s_clip = ClipInput.FromFrames([.. Enumerable.Repeat(s_picture, 17)]);

    static readonly VideoRequest s_vace = new("x") { Model = Path.Combine(Repository.Goldens, "models", "wan21-vace"), Steps = 1, Width = 96, Height = 64, Frames = 17 };

    public static TheoryData<VideoRequest> Requests => new(
        new VideoRequest("x") { Steps = 1 },
        s_vace with { References = [s_picture, s_picture] },
        s_vace with { Video = s_clip, Mask = s_picture },
        new VideoRequest("x") { Steps = 1, Width = 256, Height = 192, Frames = 33, WindowFrames = 33, Guidance = 1 },
        new VideoRequest("x") { Steps = 1, FirstFrame = s_picture, LastFrame = s_picture },
        new VideoRequest("x") { Steps = 1, Video = s_clip, Strength = 1 });

    [Theory]
    [MemberData(nameof(Requests), DisableDiscoveryEnumeration = true)]
    public void What_is_counted_is_what_is_allocated(VideoRequest asked)
    {
        using var device = new CpuDevice(threads: 1);
        var checkpoint = Checkpoint.Open(asked.Model ?? Repository.BuiltinModel);
        var request = RequestResolver.Resolve(asked, checkpoint);
        using var parts = new ModelParts(checkpoint, device);
        foreach (bool release in (bool[])[false, true])
        {
            var residency = new Residency(StreamTextEncoder: release, ReleaseParts: release, new SamplerOptions(Pair: true, KeepKeyValues: true));
            var counted = DryJob.Run(parts, request, residency);
            long made = counted.Where(s => s.Stage != GenerationStage.Decoding).Max(s => s.Peak);
            device.ResetPeak();
            using var latent = new GenerationJob(parts, request, residency, new GenerationOptions(), new JobProgress(request, null)).Run(TestContext.Current.CancellationToken);

            // The sampler's history is counted too, and is not the device's.
            Assert.InRange(device.Peak, made * 0.95, made * 1.01);
            long decoded = counted.Single(s => s.Stage == GenerationStage.Decoding).Peak - FrameQueue.Bytes(request, checkpoint.Vae!);
            device.ResetPeak();
            using (var vae = parts.Decoder.Rent())
            {
                DecodeStage.Run(vae.Value, latent, null, (_, _) => { }, TestContext.Current.CancellationToken);
            }

            // The two hold slightly different small tensors beside the decoder.
            Assert.InRange(device.Peak, decoded * 0.95, decoded * 1.01);
            parts.Release();
        }
    }

    [Fact]
    public void With_room_nothing_gives_way()
    {
        var plan = Plan(new VideoRequest("x"), 8L << 30);
        Assert.False(plan.ReleasesParts || plan.StreamsTextEncoder);
        Assert.Equal(0, plan.TileSize);
        Assert.Empty(plan.Notes);
        Assert.InRange(plan.Peak, Baseline, Baseline + (64L << 20));
        Assert.Equal(plan.Stages.Max(s => s.Bytes), plan.Peak);
    }

    [Fact]
    public void Under_a_limit_parts_are_released_and_then_frames_cut()
    {
        var request = new VideoRequest("x") { Width = 768, Height = 512, Frames = 17 };
        var free = Plan(request, 8L << 30);
        var released = Plan(request, free.Peak - 1);
        Assert.True(released.ReleasesParts);
        Assert.True(released.Peak < free.Peak);
        var cut = Plan(request, Baseline + (100L << 20));
        Assert.True(cut.TileSize > 0);
        Assert.True(cut.Peak <= cut.Limit);
        Assert.Contains(cut.Notes, n => n.Contains("tiles", StringComparison.Ordinal));
    }

    [Fact]
    public void What_cannot_fit_is_refused_with_numbers_and_with_what_would()
    {
        var error = Assert.Throws<EngineException>(() => Plan(new VideoRequest("x") { Width = 2048, Height = 2048, Frames = 257 }, Baseline + (64L << 20)));
        Assert.Equal(ErrorKind.NoResources, error.Kind);
        Assert.Matches(@"2048x2048 with 257 frames does not fit: [a-z ]+ takes .*; \d+x\d+ with \d+ frames would fit", error.Message);
    }

    [Fact]
    public void A_tiled_decode_shows_the_same_clip()
    {
        using var device = new CpuDevice();
        var checkpoint = Checkpoint.Open(Repository.BuiltinModel);
        var request = RequestResolver.Resolve(new VideoRequest("A red ball rolls to the left in a meadow") { Seed = 1, Steps = 4, Width = 256, Height = 256, Frames = 5 }, checkpoint);
        using var parts = new ModelParts(checkpoint, device);
        var whole = new Residency(false, false, new SamplerOptions(true, true));
        using var latent = new GenerationJob(parts, request, whole, new GenerationOptions(), new JobProgress(request, null)).Run(TestContext.Current.CancellationToken);
        using var vae = parts.Decoder.Rent();
        var frames = new List<float>[] { [], [] };
        DecodeStage.Run(vae.Value, latent, null, (_, f) => frames[0].AddRange(f.ToArray()), TestContext.Current.CancellationToken);
        DecodeStage.Run(vae.Value, latent, new() { TileHeight = 8, TileWidth = 8 }, (_, f) => frames[1].AddRange(f.ToArray()), TestContext.Current.CancellationToken);
        double error = Math.Sqrt(frames[0].Zip(frames[1], (a, b) => (double)(a - b) * (a - b)).Average());
        Assert.True(20 * Math.Log10(1 / error) > 40, $"{20 * Math.Log10(1 / error):0.0} dB");
    }

    static MemoryPlan Plan(VideoRequest request, long limit)
    {
        using var device = new CpuDevice(threads: 1);
        var checkpoint = Checkpoint.Open(Repository.BuiltinModel);
        using var parts = new ModelParts(checkpoint, device);
        return Planner.Make(parts, RequestResolver.Resolve(request, checkpoint), limit, Baseline, keepLoaded: true).Plan;
    }
}
