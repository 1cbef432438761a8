using System.Diagnostics;
using Engine.Kernels;
using Engine.Kernels.Gpu;
using Engine.Kernels.Profiling;
using Engine.Runtime.Benchmarks;

namespace Engine.Runtime.Profiling;

/// <summary>Profiles a whole request: everything from the prompt to the last frame; the frames are thrown away.</summary>
public static class RequestProfiler
{
    /// <summary>Runs the request, recorded; by default once before that, so that nothing is compiled or read from disk meanwhile.</summary>
    /// <param name="request">What to make, and where.</param>
    /// <param name="options">How the engine is set up.</param>
    /// <param name="warmUp">False records the first run: with compilation, and weights that come from disk.</param>
    /// <param name="progress">Told how far it has come.</param>
    /// <param name="cancel">Stops it within a step.</param>
    public static async Task<ProfileReport> RunAsync(
        VideoRequest request, VideoEngineOptions options, bool warmUp = true, IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default)
    {
        Device? device = null;
        options.KeepLoaded = warmUp;
        options.OnDevice = opened => device = opened;
        var engine = new VideoEngine(options);
        await using var closing = engine.ConfigureAwait(false);
        var resolved = await engine.ResolveAsync(request, cancel).ConfigureAwait(false);
        request = resolved.Request;
        var steps = new StepWatch(device!, progress);
        if (warmUp)
        {
            await RunOnceAsync(engine, request, steps, cancel).ConfigureAwait(false);
        }

        long? bytesPerStep = warmUp ? steps.MiddleBytes : null;
        var peak = Roofline.Measure(device!);
        long launched = (device as GpuDevice)?.Launches ?? 0;
        using var recorder = new DeviceRecorder(device!);
        steps.Restart();
        await RunOnceAsync(engine, request, steps, cancel).ConfigureAwait(false);
        device!.Synchronize();
        double seconds = steps.Stop();
        long ended = (device as GpuDevice)?.Launches ?? 0;
        var spans = recorder.Spans();
        string method = recorder.Method;
        recorder.Dispose();
        peak = peak.OrBetter(Roofline.Measure(device));
        return new ProfileReport
        {
            What = $"{resolved.ModelName}, {resolved.Width}x{resolved.Height}, {resolved.OutputFrames} frames, {resolved.Steps - resolved.FirstStep} steps",
            Device = device.Name,
            Method = method,
            Peak = peak,
            Runs = 1,
            Seconds = seconds,
            Rows = ProfileTable.Of(spans, peak),
            Spans = spans,
            Stages = steps.Stages,
            Launches = ended - launched,
            LaunchesPerStep = device is GpuDevice ? steps.MiddleLaunches : null,
            BytesPerStep = bytesPerStep,
        };
    }

    static async Task RunOnceAsync(VideoEngine engine, VideoRequest request, StepWatch steps, CancellationToken cancel)
    {
        await foreach (var _ in engine.StreamAsync(request, steps, cancel).ConfigureAwait(false))
        {
            // The frames are not what is wanted.
        }
    }

    /// <summary>Turns progress into stages of a trace, and counts what each step starts and allocates.</summary>
    sealed class StepWatch(Device device, IProgress<GenerationProgress>? next) : IProgress<GenerationProgress>
    {
        readonly Lock _lock = new();
        readonly List<ProfileStage> _stages = [];
        readonly List<long> _launches = [];
        readonly List<long> _bytes = [];
        long _origin = Stopwatch.GetTimestamp();
        string? _current;
        double _since;
        int _step;
        long _launched;
        long _allocated;

        public IReadOnlyList<ProfileStage> Stages => _stages;

        public long? MiddleLaunches => Middle(_launches);

        public long? MiddleBytes => Middle(_bytes);

        public void Restart()
        {
            lock (_lock)
            {
                _stages.Clear();
                _launches.Clear();
                _bytes.Clear();
                _current = null;
                _step = 0;
                _origin = Stopwatch.GetTimestamp();
            }
        }

        public double Stop()
        {
            lock (_lock)
            {
                Close(null);
                return Now;
            }
        }

        public void Report(GenerationProgress value)
        {
            next?.Report(value);
            lock (_lock)
            {
                bool stepping = value.Stage == GenerationStage.Denoising;
                if (stepping && value.Step > 0 && value.Step != _step)
                {
                    // Of the first step the progress says nothing before it begins: its start is the stage's.
                    _launches.Add(Launches - _launched);
                    _bytes.Add(GC.GetAllocatedBytesForCurrentThread() - _allocated);
                }

                _step = value.Step;
                string name = stepping ? $"step {Math.Min(value.Step + 1, value.Steps)} of {value.Steps}" : value.Stage.ToString();
                if (name != _current)
                {
                    Close(name);
                }

                _launched = Launches;
                _allocated = GC.GetAllocatedBytesForCurrentThread();
            }
        }

        double Now => Stopwatch.GetElapsedTime(_origin).TotalSeconds;

        long Launches => (device as GpuDevice)?.Launches ?? 0;

        void Close(string? next)
        {
            double now = Now;
            if (_current is not null)
            {
                _stages.Add(new ProfileStage(_current, _since, now - _since));
            }

            (_current, _since) = (next, now);
        }

        static long? Middle(List<long> values) => values.Count == 0 ? null : values.Order().ElementAt(values.Count / 2);
    }
}
