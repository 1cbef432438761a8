using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Runtime.Pipelines;
using Engine.Runtime.Planning;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

public sealed class GuidanceIntervalTests
{
    static readonly VideoRequest s_request = new("A red ball rolls to the left in a meadow") { Seed = 1, Steps = 4, Frames = 5 };

    [Fact]
    public async Task Guidance_works_in_the_interval_alone()
    {
        var full = await LatentsAsync(s_request);
        var none = await LatentsAsync(s_request with { Guidance = 1 });
        Assert.Equal(full[^1], (await LatentsAsync(s_request with { GuidanceFirstStep = 1, GuidanceLastStep = 4 }))[^1]);

        var late = await LatentsAsync(s_request with { GuidanceFirstStep = 2 });
        Assert.Equal(none[0], late[0]);
        Assert.NotEqual(none[1], late[1]);

        var early = await LatentsAsync(s_request with { GuidanceLastStep = 2 });
        Assert.Equal(full[1], early[1]);
        Assert.NotEqual(full[2], early[2]);
    }

    [Fact]
    public async Task Steps_are_counted_from_the_first_that_runs()
    {
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        var source = ClipInput.FromFrames([PictureInput.FromRgb24(new byte[128 * 128 * 3], 128, 128)]);
        var resolved = await engine.ResolveAsync(
            s_request with { Frames = 1, Steps = 10, Video = source, Strength = 0.5, GuidanceFirstStep = 2, GuidanceLastStep = 3 }, TestContext.Current.CancellationToken);
        Assert.Equal((5, 6, 7), (resolved.FirstStep, resolved.GuidanceFirstStep, resolved.GuidanceLastStep));
        Assert.Equal([6, 7], Enumerable.Range(0, 10).Where(resolved.Guides));
    }

    [Theory]
    [InlineData(null, 5, "guidance_last_step: 5 is beyond the last step; 4 run.")]
    [InlineData(0, null, "guidance_first_step: 0 is not possible; it takes 1 to 1000 steps.")]
    [InlineData(3, 2, "guidance_last_step: 2 comes before guidance_first_step, 3; give a later step.")]
    public async Task A_wrong_interval_is_named(int? first, int? last, string expected)
    {
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        var error = await Assert.ThrowsAsync<RequestException>(() =>
            engine.ResolveAsync(s_request with { GuidanceFirstStep = first, GuidanceLastStep = last }, TestContext.Current.CancellationToken));
        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public void A_plan_counts_the_work_of_each_kind_of_step()
    {
        var checkpoint = Checkpoint.Open(Repository.BuiltinModel);
        using var device = new DryDevice();
        using var parts = new ModelParts(checkpoint, device);
        double Flops(VideoRequest request)
        {
            var resolved = RequestResolver.Resolve(request, checkpoint);
            var stages = DryJob.Run(parts, resolved, new Residency(false, false, new SamplerOptions(Pair: false, KeepKeyValues: true)));
            return stages.Single(s => s.Stage == GenerationStage.Denoising).Work.Where(w => w.Key == "Attention").Sum(w => w.Value.Flops);
        }

        double guided = Flops(s_request);
        double plain = Flops(s_request with { Guidance = 1 });
        Assert.Equal((0.25 * guided) + (0.75 * plain), Flops(s_request with { GuidanceFirstStep = 2, GuidanceLastStep = 2 }), guided * 1e-6);
    }

    static async Task<List<float[]>> LatentsAsync(VideoRequest request)
    {
        var observer = new Steps();
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        await using var video = await engine.GenerateAsync(request, new GenerationOptions { Observer = observer }, cancel: TestContext.Current.CancellationToken);
        return observer.Latents;
    }

    sealed class Steps : IPipelineObserver
    {
        public List<float[]> Latents { get; } = [];

        public void OnTensor(string name, Tensor tensor)
        {
            if (name.StartsWith("latents.", StringComparison.Ordinal))
            {
                Latents.Add(tensor.ToArray());
            }
        }

        public void OnFrames(int first, Tensor frames)
        {
        }
    }
}
