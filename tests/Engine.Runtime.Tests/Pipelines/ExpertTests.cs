using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Runtime.Pipelines;
using Engine.Runtime.Planning;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>Two transformers in one job: what is in memory when, and that it changes no bit.</summary>
public sealed class ExpertTests
{
    static readonly Residency s_switch = new(false, ReleaseParts: true, new SamplerOptions(Pair: true, KeepKeyValues: true));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Clips_are_the_same_and_nothing_is_left(bool keep)
    {
        using var device = new CpuDevice();
        using var parts = new ModelParts(Model(), device);
        float[] want = Latent(parts, s_switch);
        parts.Release();
        Assert.Equal(want, Latent(parts, s_switch with { BothExperts = true, ReleaseParts = !keep }));
        Assert.Equal(keep, parts.Transformer2.IsLoaded);
        Assert.Equal(want, Latent(parts, s_switch with { StreamTransformer = true }));
        parts.Release();
        Assert.Equal(0, device.Allocated);
    }

    [Fact]
    public void Read_at_the_switch_only_one_is_ever_in_memory()
    {
        using var device = new CpuDevice();
        using var parts = new ModelParts(Model(), device);
        long expert = Bytes(parts);
        long one = Denoised(parts, s_switch);
        long both = Denoised(parts, s_switch with { BothExperts = true });
        Assert.InRange(both - one, expert * 0.98, expert * 1.02);

        // Plans count the same.
        Assert.InRange(one, Denoising(parts, s_switch) * 0.95, Denoising(parts, s_switch) * 1.01);
        Assert.InRange(both, Denoising(parts, s_switch with { BothExperts = true }) * 0.95, Denoising(parts, s_switch with { BothExperts = true }) * 1.01);
    }

    [Fact]
    public void Plans_read_the_second_ahead_only_where_both_fit()
    {
        using var device = new CpuDevice(threads: 1);
        using var parts = new ModelParts(Model(), device);
        var request = Request(parts, new VideoRequest("x") { Width = 16, Height = 16, Frames = 241, Steps = 6, Seed = 1 });
        var all = Planner.Make(parts, request, 1L << 40, baseline: 0, keepLoaded: false).Plan;
        long roomy = all.Peak;
        Assert.Equal(roomy, all.Stages.Single(stage => stage.Stage == GenerationStage.Denoising).Bytes);
        var (_, ahead) = Planner.Make(parts, request, roomy, baseline: 0, keepLoaded: false);
        Assert.True(ahead.BothExperts);
        var (plan, at) = Planner.Make(parts, request, roomy - 1, baseline: 0, keepLoaded: false);
        Assert.False(at.BothExperts || at.StreamTransformer);
        Assert.Contains(plan.Notes, note => note.Contains("read at the switch", StringComparison.Ordinal));
        Assert.InRange(plan.Peak, 0, plan.Limit);
    }

    [Fact]
    public void A_job_that_is_cancelled_while_the_second_is_read_leaves_nothing()
    {
        using var device = new CpuDevice();
        using var parts = new ModelParts(Model(), device);
        using var stop = new CancellationTokenSource();
        var request = Request(parts);
        var residency = s_switch with { BothExperts = true };
        var job = new GenerationJob(parts, request, residency, new GenerationOptions(), new JobProgress(request, new Listener(told =>
        {
            if (told.Step == 1)
            {
                stop.Cancel();
            }
        })));
        Assert.ThrowsAny<OperationCanceledException>(() => job.Run(stop.Token));
        parts.Release();
        Assert.Equal(0, device.Allocated);
    }

    static Checkpoint Model() => Checkpoint.Open(Path.Combine(Repository.Goldens, "models", "wan22-t2v-a14b"));

    static long Bytes(ModelParts parts)
    {
        using var source = parts.OpenTransformer();
        return source.Tensors.Sum(tensor => tensor.Bytes);
    }

    static long Denoising(ModelParts parts, Residency residency) =>
        DryJob.Run(parts, Request(parts), residency).Single(stage => stage.Stage == GenerationStage.Denoising).Peak;

    static float[] Latent(ModelParts parts, Residency residency, Action<GenerationProgress>? told = null)
    {
        var request = Request(parts);
        var progress = new JobProgress(request, told is null ? null : new Listener(told));
        using var latent = new GenerationJob(parts, request, residency, new GenerationOptions(), progress).Run(TestContext.Current.CancellationToken);
        return latent.ToArray();
    }

    // Most bytes from the loading of the first expert on.
    static long Denoised(ModelParts parts, Residency residency)
    {
        bool begun = false;
        Latent(parts, residency, told =>
        {
            if (told.Stage == GenerationStage.Loading && !begun)
            {
                begun = true;
                parts.Device.ResetPeak();
            }

            // On a busy machine the first may be done before the second is read.
            if (told.Step == 1 && residency.BothExperts)
            {
                Assert.True(SpinWait.SpinUntil(() => parts.Transformer2.IsLoaded, TimeSpan.FromSeconds(60)));
            }
        });
        return parts.Device.Peak;
    }

    static ResolvedRequest Request(ModelParts parts, VideoRequest? request = null) => RequestResolver.Resolve(
        request ?? new VideoRequest("a red ball") { Width = 48, Height = 32, Frames = 5, Steps = 4, Seed = 1, MaxSequenceLength = 40 }, parts.Checkpoint);

    sealed class Listener(Action<GenerationProgress> told) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => told(value);
    }
}
