using Engine.Kernels;
using Engine.Kernels.Gpu;
using Engine.Runtime.Devices;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Devices;

/// <summary>The same request on the host's cores and on an accelerator.</summary>
[Collection("accelerator")]
public sealed class AcceleratorClipTests
{
    // What two correct devices differ by is far less; a wrong kernel is far below.
    const double LeastDecibels = 40;

    // One engine for all: an accelerator's kernels are compiled anew whenever it is opened.
    static readonly VideoEngine s_engine = new(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });

    [Theory]
    [InlineData("A red ball rolls to the left in a meadow", false)]
    [InlineData("A blue cube moves up in snow", true)]
    public async Task Clips_agree(string prompt, bool fromPicture)
    {
        var device = Accelerator();
        var request = new VideoRequest(prompt) { Seed = 3, Steps = 6 };
        if (fromPicture)
        {
            byte[] rgb = [.. Enumerable.Range(0, 128 * 128 * 3).Select(i => (byte)(i / 3 % 128 * 2))];
            request = request with { FirstFrame = PictureInput.FromRgb24(rgb, 128, 128) };
        }

        byte[] host = await FramesAsync(request with { Device = DeviceChoice.Cpu });
        byte[] there = await FramesAsync(request with { Device = device });
        Assert.Equal(host.Length, there.Length);
        double decibels = Decibels(host, there);
        TestContext.Current.TestOutputHelper!.WriteLine($"{device}: {decibels:F1} dB");
        Assert.True(decibels >= LeastDecibels, $"{decibels:F1} dB between the host and {device}");
    }

    [Fact]
    public async Task A_job_that_stops_goes_on_alike()
    {
        var device = Accelerator();
        var request = new VideoRequest("A green ring rolls right") { Seed = 5, Steps = 4, Device = device };
        byte[] whole = await FramesAsync(request);
        string state = Path.Combine(Path.GetTempPath(), $"engine-{Guid.NewGuid():N}.state");
        try
        {
            using var stop = new CancellationTokenSource();
            var options = new GenerationOptions { StatePath = state, StateEverySteps = 1 };
            var stopper = new Progress(p =>
            {
                if (p.Stage == GenerationStage.Denoising && p.Step == 2)
                {
                    stop.Cancel();
                }
            });
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => FramesAsync(request, options, stopper, stop.Token));
            byte[] resumed = await FramesAsync(request, options with { Resume = true });
            Assert.Equal(whole, resumed);
        }
        finally
        {
            File.Delete(state);
        }
    }

    [Fact]
    public async Task A_plan_counts_what_the_device_lends()
    {
        var choice = Accelerator();
        using var opened = DeviceOpener.Open(choice);
        foreach (var request in (VideoRequest[])[new("x") { Steps = 1 }, new("x") { Steps = 1, Width = 256, Height = 192, Frames = 33, Guidance = 1 }])
        {
            await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel, KeepLoaded = false }, log: null, opened.Device);
            var plan = await engine.PlanAsync(request);
            opened.Device.ResetPeak();
            await foreach (var _ in engine.StreamAsync(request))
            {
            }

            Assert.InRange(opened.Device.Peak, plan.Peak * 0.9, plan.Peak * 1.01);
            Assert.InRange(((GpuDevice)opened.Device).ReservedMemory, 0, plan.Peak + (32 << 20));
        }
    }

    [Fact]
    public async Task More_than_the_limit_is_refused_with_numbers()
    {
        var request = new VideoRequest("x") { Device = Accelerator(), MemoryLimit = 64L << 20, Width = 1024, Height = 1024, Frames = 161 };
        var e = await Assert.ThrowsAsync<EngineException>(() => s_engine.PlanAsync(request));
        Assert.Equal(ErrorKind.NoResources, e.Kind);
        Assert.Matches(@"1024x1024 with 161 frames does not fit: [a-z ]+ takes .*; \d+x\d+ with \d+ frames would fit", e.Message);
    }

    static DeviceChoice Accelerator()
    {
        var known = DeviceCatalog.Accelerators();
        var usable = known.FirstOrDefault(d => d.IsUsable);
        Assert.SkipWhen(usable is null, "No accelerator: " + string.Join("; ", known.Select(d => $"{d.Id}: {d.Problem}")));
        return DeviceChoice.Parse(usable!.Id);
    }

    static async Task<byte[]> FramesAsync(
        VideoRequest request, GenerationOptions? options = null, IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default)
    {
        using var pixels = new MemoryStream();
        await foreach (var frame in s_engine.StreamAsync(request, options ?? new GenerationOptions(), progress, cancel))
        {
            pixels.Write(frame.Rgb24.Span);
        }

        return pixels.ToArray();
    }

    static double Decibels(byte[] a, byte[] b)
    {
        double squares = 0;
        for (int i = 0; i < a.Length; i++)
        {
            squares += (a[i] - b[i]) * (a[i] - b[i]);
        }

        return squares == 0 ? double.PositiveInfinity : 10 * Math.Log10(255.0 * 255.0 * a.Length / squares);
    }

    sealed class Progress(Action<GenerationProgress> told) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => told(value);
    }
}
