using System.Runtime.InteropServices;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Runtime.Pipelines;
using Engine.Runtime.Planning;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

public sealed class StepCacheTests : IDisposable
{
    static readonly VideoRequest s_request = new("A red ball rolls to the left in a meadow") { Seed = 1, Steps = 12, Frames = 9 };

    readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void A_step_is_skipped_while_its_input_has_moved_less_than_the_bound()
    {
        using var device = new CpuDevice(threads: 1);
        using var cache = new StepCache(device, [2], bound: 0.25);
        Assert.Null(Try(cache, device, [1, 1, 1, 1]));
        Observe(cache, device, 7);
        Assert.Equal(7, Try(cache, device, [1.1f, 0.9f, 1, 1]));
        Assert.Equal(7, Try(cache, device, [1.2f, 0.9f, 0.7f, 1]));
        Assert.Null(Try(cache, device, [1.2f, 0.9f, 0.7f, 0.5f]));
        Observe(cache, device, 8);
        Assert.Null(Try(cache, device, [1.2f, 0.9f, 0.7f, 0.5f], mustRun: true));
        Assert.Equal(8, Try(cache, device, [1.2f, 0.9f, 0.7f, 0.5f]));
        Assert.Equal(3, cache.Skipped);
        cache.Enter(1);
        Assert.Null(Try(cache, device, [1.2f, 0.9f, 0.7f, 0.5f]));
    }

    [Fact]
    public void A_guided_step_needs_the_negative_prompt_of_the_step_before()
    {
        using var device = new CpuDevice(threads: 1);
        using var cache = new StepCache(device, [2], bound: 0.5);
        using var first = device.NewTensor([2]);
        using var second = device.NewTensor([2]);
        first.Fill(1);
        second.Fill(2);
        Assert.False(cache.TryPredict([1f], mustRun: false, first, default));
        cache.Observe(first, default);
        Assert.False(cache.TryPredict([1f], mustRun: false, first, second));
        cache.Observe(first, second);
        second.Fill(0);
        Assert.True(cache.TryPredict([1f], mustRun: false, first, second));
        Assert.Equal([2f, 2f], second.ToArray());
        Assert.True(cache.TryPredict([1f], mustRun: false, first, default));
    }

    [Fact]
    public async Task Off_by_default_and_close_to_the_full_run_when_on()
    {
        byte[] full = await FramesAsync(s_request);
        Assert.Equal(full, await FramesAsync(s_request with { StepCache = 0 }));
        int skipped = 0;
        byte[] cached = await FramesAsync(s_request with { StepCache = 0.15 }, told: p => skipped = Skipped(p) ?? skipped);
        Assert.InRange(skipped, 2, 10);
        Assert.InRange(Psnr(full, cached), 35, 90);
    }

    [Theory]
    [InlineData("builtin-i2v")]
    [InlineData("builtin-mask")]
    [InlineData("pipeline-t2v-two-experts")]
    [InlineData("pipeline-ti2v-image")]
    [InlineData("pipeline-i2v")]
    public async Task Every_kind_of_model_and_task_skips_steps_but_never_the_first_or_last(string name)
    {
        var golden = Golden.Load(name);
        var request = GoldenRequests.Of(golden) with { StepCache = 1, Steps = 6 };
        int skipped = 0;
        await FramesAsync(request, golden.Model, told: p => skipped = Skipped(p) ?? skipped);

        // With two experts, the first step of each runs. The tiny models' inputs may move by more than their own size.
        int most = 6 - (name.Contains("two-experts", StringComparison.Ordinal) ? 3 : 2);
        Assert.InRange(skipped, most - 1, most);
    }

    [Fact]
    public async Task A_stopped_job_goes_on_to_the_same_clip()
    {
        var request = s_request with { StepCache = 0.15, Steps = 6 };
        byte[] whole = await FramesAsync(request);
        for (int stop = 1; stop < 6; stop++)
        {
            var options = new GenerationOptions { StatePath = Path.Combine(_folder, "job.state"), Resume = true };
            using var cancel = new CancellationTokenSource();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => FramesAsync(request, options: options, cancel: cancel.Token, told: p =>
            {
                if (p.Step == stop)
                {
                    cancel.Cancel();
                }
            }));
            Assert.Equal(whole, await FramesAsync(request, options: options));
            File.Delete(options.StatePath!);
        }
    }

    [Fact]
    public void A_plan_counts_what_the_cache_holds()
    {
        var checkpoint = Checkpoint.Open(Repository.BuiltinModel);
        using var device = new DryDevice();
        using var parts = new ModelParts(checkpoint, device);
        DryStage Denoising(VideoRequest request)
        {
            var stages = DryJob.Run(parts, RequestResolver.Resolve(request, checkpoint), new Residency(false, false, new SamplerOptions(Pair: true, KeepKeyValues: true)));
            return stages.Single(s => s.Stage == GenerationStage.Denoising);
        }

        var without = Denoising(s_request);
        var with = Denoising(s_request with { StepCache = 0.1 });

        // Two velocities [24, 3, 8, 8] and the tokens [48, 192] whose movement is watched; every step's work, as it may be needed.
        Assert.InRange(with.Peak - without.Peak, (2 * 24 * 3 * 64 * 4) + (48 * 192 * 4), 100_000);
        Assert.True(with.Work["Attention"].Flops == without.Work["Attention"].Flops);
    }

    static float? Try(StepCache cache, Device device, float[] input, bool mustRun = false)
    {
        using var velocity = device.NewTensor([2]);
        velocity.Fill(-1);
        bool skipped = cache.TryPredict(input, mustRun, velocity, default);
        float value = velocity.ToArray()[1];
        Assert.Equal(skipped, value != -1);
        return skipped ? value : null;
    }

    static void Observe(StepCache cache, Device device, float value)
    {
        using var velocity = device.NewTensor([2]);
        velocity.Fill(value);
        cache.Observe(velocity, default);
    }

    static int? Skipped(GenerationProgress progress) => progress.Note is { } note && note.StartsWith("the step cache stood in for ", StringComparison.Ordinal)
        ? int.Parse(note.Split(' ')[6], System.Globalization.CultureInfo.InvariantCulture)
        : null;

    static double Psnr(byte[] a, byte[] b)
    {
        double error = a.Zip(b, (x, y) => Math.Pow(x - y, 2)).Average();
        return error == 0 ? 99 : 10 * Math.Log10(255 * 255 / error);
    }

    static async Task<byte[]> FramesAsync(
        VideoRequest request, string? model = null, GenerationOptions? options = null, Action<GenerationProgress>? told = null, CancellationToken cancel = default)
    {
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = model ?? Repository.BuiltinModel });
        var all = new List<byte>();
        await foreach (var frame in engine.StreamAsync(request, options ?? new GenerationOptions(), new Listener(told), cancel))
        {
            all.AddRange(MemoryMarshal.ToEnumerable(frame.Rgb24));
        }

        return [.. all];
    }

    sealed class Listener(Action<GenerationProgress>? told) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => told?.Invoke(value);
    }
}
