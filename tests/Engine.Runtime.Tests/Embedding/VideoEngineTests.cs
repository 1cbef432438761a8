using System.Collections.Concurrent;
using System.Security.Cryptography;
using Engine.Kernels;
using Engine.Testing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Engine.Runtime.Tests.Embedding;

public sealed class VideoEngineTests
{
    static readonly VideoRequest s_request = new("A red ball rolls to the left in a meadow") { Seed = 1, Steps = 2 };

    [Fact]
    public async Task The_same_request_gives_the_same_frames_for_any_number_of_threads()
    {
        var hashes = new List<string>();
        foreach (int threads in (int[])[1, 2, 4])
        {
            await using var engine = NewEngine();
            hashes.Add(await HashAsync(engine, s_request with { Threads = threads }));
        }

        Assert.Single(hashes.Distinct());
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Weights_are_mapped_or_copied_as_the_options_say_and_the_clip_is_the_same(bool maps)
    {
        CpuDevice? device = null;
        await using var engine = NewEngine(options =>
        {
            options.MapWeights = maps;
            options.OnDevice = opened => device = opened as CpuDevice;
        });
        string hash = await HashAsync(engine, s_request with { Device = DeviceChoice.Cpu });

        Assert.Equal(maps, device!.MapsFiles);
        await using var other = NewEngine(options => options.MapWeights = !maps);
        Assert.Equal(hash, await HashAsync(other, s_request with { Device = DeviceChoice.Cpu }));
    }

    [Fact]
    public async Task A_slow_consumer_holds_the_decoder_back()
    {
        await using var engine = NewEngine();
        int decoded = 0;
        var progress = new Listener(p => decoded = Math.Max(decoded, p.FramesDone));
        int taken = 0;
        await foreach (var frame in engine.StreamAsync(s_request with { Frames = 33 }, progress, TestContext.Current.CancellationToken))
        {
            taken++;
            await Task.Delay(10, TestContext.Current.CancellationToken);
            Assert.InRange(decoded, taken, taken + 8);
            Assert.Equal((taken - 1) / 12.0, frame.Timestamp.TotalSeconds, 6);
        }

        Assert.Equal(33, taken);
    }

    [Fact]
    public async Task Leaving_the_loop_early_stops_the_job_and_the_next_request_runs()
    {
        await using var engine = NewEngine();
        await foreach (var _ in engine.StreamAsync(s_request, cancel: TestContext.Current.CancellationToken))
        {
            break;
        }

        Assert.NotEmpty(await HashAsync(engine, s_request));
    }

    [Fact]
    public async Task A_cancelled_request_stops_within_the_step()
    {
        await using var engine = NewEngine();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        int last = 0;
        var progress = new Listener(p =>
        {
            last = p.Step;
            if (p.Step == 3)
            {
                stop.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => engine.GenerateAsync(s_request with { Steps = 50 }, progress, stop.Token));
        Assert.Equal(3, last);
    }

    [Fact]
    public async Task Requests_run_side_by_side_and_make_what_they_make_alone()
    {
        await using var one = NewEngine();
        string first = await HashAsync(one, s_request);
        string second = await HashAsync(one, s_request with { Seed = 2 });
        await using var two = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel, MaxConcurrentRequests = 2 });
        var together = await Task.WhenAll(HashAsync(two, s_request), HashAsync(two, s_request with { Seed = 2 }));
        Assert.Equal([first, second], together);
    }

    [Fact]
    public async Task Further_requests_wait_in_order()
    {
        await using var engine = NewEngine();
        var stages = new ConcurrentQueue<GenerationStage>();
        var first = engine.GenerateAsync(s_request with { Steps = 5 }, cancel: TestContext.Current.CancellationToken);
        var second = engine.GenerateAsync(s_request, new Listener(p => stages.Enqueue(p.Stage)), TestContext.Current.CancellationToken);
        await using var a = await first;
        await using var b = await second;
        Assert.Equal(GenerationStage.Queued, stages.First());
    }

    [Fact]
    public async Task Weights_stay_loaded_between_requests_as_far_as_asked()
    {
        foreach (bool keep in (bool[])[true, false])
        {
            await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel, KeepLoaded = keep });
            await HashAsync(engine, s_request);
            long held = engine.HeldBytes;
            Assert.True(keep ? held > 10_000_000 : held < 100_000, $"{held} bytes are held");
        }
    }

    [Fact]
    public async Task A_generated_video_can_be_decoded_twice_and_saved()
    {
        await using var engine = NewEngine();
        await using var video = await engine.GenerateAsync(s_request, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(await HashAsync(video.FramesAsync()), await HashAsync(video.FramesAsync()));
        string file = Path.Combine(Directory.CreateTempSubdirectory().FullName, "clip.apng");
        Assert.Equal(file, await video.SaveAsync(file, cancel: TestContext.Current.CancellationToken));
        var metadata = Runtime.Media.ClipInfo.Read(file).Metadata!;
        Assert.Equal((s_request.Prompt, 1L, "builtin"), (metadata.Prompt, metadata.Seed!.Value, metadata.Model));
    }

    [Fact]
    public async Task A_disposed_engine_stops_its_jobs()
    {
        var engine = NewEngine();
        var job = engine.GenerateAsync(s_request with { Steps = 500 }, cancel: TestContext.Current.CancellationToken);
        await engine.DisposeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => job);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => engine.GenerateAsync(s_request));
    }

    [Fact]
    public async Task The_engine_is_one_service_with_the_options_given()
    {
        var services = new ServiceCollection().AddVideoEngine(o => o.ModelPath = Repository.BuiltinModel);
        await using var provider = services.BuildServiceProvider();
        var engine = provider.GetRequiredService<IVideoEngine>();
        Assert.Same(engine, provider.GetRequiredService<IVideoEngine>());
        Assert.Equal(128, (await engine.InfoAsync(cancel: TestContext.Current.CancellationToken)).Width);
        Assert.Equal(17, (await engine.ResolveAsync(s_request, TestContext.Current.CancellationToken)).Frames);
    }

    [Fact]
    public async Task A_model_that_is_not_there_is_bad_input()
    {
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = "/no/such/model" });
        var error = await Assert.ThrowsAnyAsync<EngineException>(() => engine.GenerateAsync(s_request, cancel: TestContext.Current.CancellationToken));
        Assert.Equal(ErrorKind.BadInput, error.Kind);
    }

    [Fact]
    public async Task Previews_show_the_middle_of_the_clip()
    {
        await using var engine = NewEngine();
        var steps = new List<int>();
        var options = new GenerationOptions
        {
            PreviewEverySteps = 2,
            OnPreview = p =>
            {
                Assert.Equal(p.Width * p.Height * 3, p.Rgb24.Length);
                Assert.Contains(p.Rgb24.ToArray(), b => b is > 20 and < 235);
                steps.Add(p.Step);
            },
        };
        await using var video = await engine.GenerateAsync(s_request with { Steps = 6 }, options, cancel: TestContext.Current.CancellationToken);
        Assert.Equal([2, 4], steps);
    }

    static VideoEngine NewEngine(Action<VideoEngineOptions>? configure = null)
    {
        var options = new VideoEngineOptions { ModelPath = Repository.BuiltinModel };
        configure?.Invoke(options);
        return new VideoEngine(options);
    }

    static Task<string> HashAsync(VideoEngine engine, VideoRequest request) => HashAsync(engine.StreamAsync(request));

    static async Task<string> HashAsync(IAsyncEnumerable<Frame> frames)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await foreach (var frame in frames)
        {
            hash.AppendData(frame.Rgb24.Span);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    sealed class Listener(Action<GenerationProgress> told) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => told(value);
    }
}
