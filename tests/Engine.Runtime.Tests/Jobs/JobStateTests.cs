using System.Runtime.InteropServices;
using Engine.Kernels;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Jobs;

public sealed class JobStateTests : IDisposable
{
    const int Steps = 5;

    static readonly VideoRequest s_request = new("A red ball rolls to the left in a meadow") { Seed = 1, Steps = Steps, Frames = 5 };

    readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    string StatePath => Path.Combine(_folder, "job.state");

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData("unipc")]
    [InlineData("dpm++")]
    [InlineData("euler")]
    public async Task A_job_stopped_after_any_step_goes_on_to_the_same_clip(string scheduler)
    {
        var request = s_request with { Scheduler = SchedulerNames.Parse(scheduler) };
        byte[] whole = await FramesAsync(request, new GenerationOptions());
        for (int stop = 1; stop <= Steps; stop++)
        {
            await StopAfterAsync(request, stop);
            var steps = new List<int>();
            byte[] resumed = await FramesAsync(request, new GenerationOptions { StatePath = StatePath, Resume = true }, p => steps.Add(p.Step));
            Assert.Equal(whole, resumed);
            Assert.Equal(stop, steps.First(s => s > 0));
            File.Delete(StatePath);
        }
    }

    [Fact]
    public async Task Restyling_goes_on_from_its_own_first_step()
    {
        var source = ClipInput.FromFrames([.. Enumerable.Range(0, 5).Select(i =>
            PictureInput.FromFile(Path.Combine(Repository.Goldens, "builtin-extend", $"source.{i}.png")))]);
        var request = s_request with { Video = source, Strength = 0.6 };
        byte[] whole = await FramesAsync(request, new GenerationOptions());
        await StopAfterAsync(request, 2);
        Assert.Equal(whole, await FramesAsync(request, new GenerationOptions { StatePath = StatePath, Resume = true }));
    }

    [Theory]
    [InlineData("seed")]
    [InlineData("prompt")]
    [InlineData("guidance")]
    public async Task Another_request_is_refused_by_field(string field)
    {
        await StopAfterAsync(s_request, 2);
        var other = field switch
        {
            "seed" => s_request with { Seed = 2 },
            "prompt" => s_request with { Prompt = "A blue cube" },
            _ => s_request with { Guidance = 3 },
        };
        var error = await Assert.ThrowsAsync<EngineException>(() => FramesAsync(other, new GenerationOptions { StatePath = StatePath, Resume = true }));
        Assert.Equal(ErrorKind.BadRequest, error.Kind);
        Assert.Contains($"{field} was", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("width", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_model_is_refused()
    {
        await StopAfterAsync(s_request, 2);
        string copy = Path.Combine(_folder, "model");
        CopyModel(copy);
        string weights = Path.Combine(copy, "transformer", "diffusion_pytorch_model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        int header = (int)BitConverter.ToInt64(bytes);
        bytes[8 + header + 1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        var error = await Assert.ThrowsAsync<EngineException>(() =>
            FramesAsync(s_request with { Model = copy }, new GenerationOptions { StatePath = StatePath, Resume = true }));
        Assert.Contains("model was", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(-1)]
    public async Task A_damaged_state_is_refused(int at)
    {
        await StopAfterAsync(s_request, 2);
        byte[] bytes = File.ReadAllBytes(StatePath);
        bytes[at < 0 ? bytes.Length + at : at] ^= 0x40;
        File.WriteAllBytes(StatePath, bytes);
        var error = await Assert.ThrowsAsync<EngineException>(() => FramesAsync(s_request, new GenerationOptions { StatePath = StatePath, Resume = true }));
        Assert.Equal(ErrorKind.BadInput, error.Kind);
    }

    [Fact]
    public async Task A_state_that_could_not_be_written_is_found_out_at_once()
    {
        var error = await Assert.ThrowsAsync<EngineException>(() =>
            FramesAsync(s_request, new GenerationOptions { StatePath = "/no/such/folder/job.state" }));
        Assert.Equal(ErrorKind.BadOutput, error.Kind);
    }

    [Fact]
    public async Task Without_a_state_a_resumed_job_starts_at_the_beginning() =>
        Assert.Equal(
            await FramesAsync(s_request, new GenerationOptions()),
            await FramesAsync(s_request, new GenerationOptions { StatePath = StatePath, Resume = true }));

    /// <summary>Copies the built-in model, so that a test can damage it.</summary>
    internal static void CopyModel(string to)
    {
        foreach (string file in Directory.EnumerateFiles(Repository.BuiltinModel, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(Repository.BuiltinModel, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    async Task StopAfterAsync(VideoRequest request, int step)
    {
        using var stop = new CancellationTokenSource();
        try
        {
            await FramesAsync(request, new GenerationOptions { StatePath = StatePath }, p =>
            {
                if (p.Step == step)
                {
                    stop.Cancel();
                }
            }, stop.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        Assert.Equal(request.Steps, step);
    }

    static Task<byte[]> FramesAsync(
        VideoRequest request, GenerationOptions options, Action<GenerationProgress>? told = null, CancellationToken cancel = default) =>
        FramesOfAsync(Repository.BuiltinModel, request, options, told, cancel);

    /// <summary>The frames of a model's clip, one after the other.</summary>
    internal static async Task<byte[]> FramesOfAsync(
        string model, VideoRequest request, GenerationOptions options, Action<GenerationProgress>? told = null, CancellationToken cancel = default)
    {
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = model });
        var all = new List<byte>();
        await foreach (var frame in engine.StreamAsync(request, options, new Listener(told), cancel))
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
