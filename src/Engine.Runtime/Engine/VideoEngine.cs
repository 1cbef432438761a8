using System.Runtime.CompilerServices;
using Engine.Kernels;
using Engine.Kernels.Gpu;
using Engine.Model.Checkpoints;
using Engine.Runtime.Benchmarks;
using Engine.Runtime.Pipelines;
using Engine.Runtime.Planning;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engine.Runtime;

/// <summary>Makes clips on this machine; see <see cref="IVideoEngine"/>.</summary>
public sealed class VideoEngine : IVideoEngine
{
    readonly VideoEngineOptions _options;
    readonly ILogger _log;
    readonly ModelCache _models;
    readonly ModelChooser _chooser;
    readonly SemaphoreSlim _slots;
    readonly CancellationTokenSource _closing = new();
    int _disposed;
    int _running;

    /// <summary>Sets an engine up; nothing is read yet.</summary>
    /// <param name="options">How.</param>
    /// <param name="log">Told which device runs, and what is done to inputs; null logs nothing.</param>
    /// <exception cref="RequestException">An option is out of range.</exception>
    public VideoEngine(VideoEngineOptions options, ILogger<VideoEngine>? log = null)
        : this(options, log, null)
    {
    }

    /// <summary>Sets an engine up on a device that is open already and stays the caller's.</summary>
    internal VideoEngine(VideoEngineOptions options, ILogger<VideoEngine>? log, Device? device)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _log = log ?? NullLogger<VideoEngine>.Instance;
        _models = new ModelCache(options, _log, device);
        _chooser = new ModelChooser(options, _models);
        _slots = new SemaphoreSlim(options.MaxConcurrentRequests, options.MaxConcurrentRequests);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<Frame> StreamAsync(VideoRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default) =>
        StreamAsync(request, new GenerationOptions(), progress, cancel);

    /// <inheritdoc/>
    public async IAsyncEnumerable<Frame> StreamAsync(
        VideoRequest request,
        GenerationOptions options,
        IProgress<GenerationProgress>? progress = null,
        [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await using var video = await GenerateAsync(request, options, progress, cancel).ConfigureAwait(false);
        await foreach (var frame in video.FramesAsync(progress, cancel).ConfigureAwait(false))
        {
            yield return frame;
        }
    }

    /// <inheritdoc/>
    public Task<GeneratedVideo> GenerateAsync(VideoRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default) =>
        GenerateAsync(request, new GenerationOptions(), progress, cancel);

    /// <inheritdoc/>
    public async Task<GeneratedVideo> GenerateAsync(
        VideoRequest request, GenerationOptions options, IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, _closing.Token);
        return await OnSlotAsync(() => Generate(request, options, progress, stop.Token), progress, stop.Token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<ResolvedRequest> ResolveAsync(VideoRequest request, CancellationToken cancel = default) =>
        Task.Run(
            () =>
            {
                var (_, resolved) = Resolve(request);

                // A device that is not there is as wrong as a size that is not possible.
                _models.Device(request);
                return resolved;
            },
            cancel);

    /// <inheritdoc/>
    public Task<MemoryPlan> PlanAsync(VideoRequest request, CancellationToken cancel = default) =>
        Task.Run(
            () =>
            {
                var (checkpoint, resolved) = Resolve(request);
                var parts = _models.Parts(checkpoint, request);
                return Plan(resolved, parts, () => DeviceSpeed.Measure(_models.Device(request).Device)).Plan;
            },
            cancel);

    /// <inheritdoc/>
    public Task<ModelCatalog> ModelsAsync(CancellationToken cancel = default) => Task.Run(_chooser.Catalog, cancel);

    /// <inheritdoc/>
    public Task<ModelInfo> InfoAsync(string? model = null, CancellationToken cancel = default) =>
        Task.Run(() => _models.Open(model).Info, cancel);

    /// <summary>Stops what runs and frees every model.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        for (int i = 0; i < _options.MaxConcurrentRequests; i++)
        {
            await _slots.WaitAsync().ConfigureAwait(false);
        }

        _models.Dispose();
        _slots.Dispose();
        _closing.Dispose();
    }

    /// <summary>Runs work on a thread of its own as soon as a slot is free.</summary>
    internal async Task<T> OnSlotAsync<T>(Func<T> work, IProgress<GenerationProgress>? progress, CancellationToken cancel)
    {
        if (_slots.CurrentCount == 0)
        {
            progress?.Report(new GenerationProgress { Stage = GenerationStage.Queued });
        }

        await _slots.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            // A thread of its own: the work takes minutes, and its thread counts as one of the device's.
            Interlocked.Increment(ref _running);
            return await Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
            _slots.Release();
        }
    }

    /// <summary>Bytes of weights and working memory that the devices hold.</summary>
    internal long HeldBytes => _models.HeldBytes;

    /// <summary>Cancelled when the engine is disposed.</summary>
    internal CancellationToken Closing => _closing.Token;

    GeneratedVideo Generate(VideoRequest request, GenerationOptions options, IProgress<GenerationProgress>? progress, CancellationToken cancel)
    {
        var (checkpoint, resolved) = Resolve(request);
        var told = new JobProgress(resolved, progress);
        foreach (string note in resolved.Notes)
        {
            told.Note(GenerationStage.Planning, note);
        }

        var parts = _models.Parts(checkpoint, request);
        var (plan, residency) = Plan(resolved, parts);
        if (parts.Device is GpuDevice gpu)
        {
            gpu.Reserve(plan.Peak - plan.Baseline - gpu.Allocated);
        }

        foreach (string note in plan.Notes)
        {
            told.Note(GenerationStage.Planning, note);
            _log.LogInformation("{Note}", note);
        }

        var job = new ClipJob(parts, resolved, residency, options, told);
        try
        {
            var latent = job.Run(cancel);
            return new GeneratedVideo(this, parts, resolved, residency, latent, job.HeldTo, options.Observer);
        }
        finally
        {
            if (!_options.KeepLoaded)
            {
                parts.Release();
                (parts.Device as GpuDevice)?.Trim();
            }
        }
    }

    (Checkpoint Model, ResolvedRequest Resolved) Resolve(VideoRequest request)
    {
        var (model, choice) = _chooser.Open(request);
        var resolved = RequestResolver.Resolve(request, model);
        return (model, choice is null ? resolved : resolved with { Choice = choice, Notes = [choice.InWords, .. resolved.Notes] });
    }

    (MemoryPlan Plan, Residency Residency) Plan(ResolvedRequest resolved, ModelParts parts, Func<DeviceSpeed>? speed = null)
    {
        // What an idle device holds are this model's weights, which the plan counts itself.
        if (Volatile.Read(ref _running) <= 1)
        {
            parts.IdleBytes = parts.Device.Allocated;
        }

        long limit = resolved.Request.MemoryLimit ?? _options.MemoryLimit ?? FreeBytes(parts.Device);
        try
        {
            return Planner.Make(parts, resolved, limit, Baseline(parts), _options.KeepLoaded, speed);
        }
        catch (EngineException e) when (e.Kind == ErrorKind.NoResources)
        {
            // Models of earlier requests may be in the way.
            _models.ReleaseOthers(parts);
            return Planner.Make(parts, resolved, limit, Baseline(parts), _options.KeepLoaded, speed);
        }
    }

    // An accelerator's memory holds models and nothing of the runtime.
    static long Baseline(ModelParts parts) => parts.Device.Kind == DeviceKind.Cpu
        ? Math.Max(Planner.RuntimeBytes, Environment.WorkingSet - parts.IdleBytes)
        : parts.Device.Allocated - parts.IdleBytes;

    // OpenCL does not tell what is free; a tenth is left to the system.
    static long FreeBytes(Device device) => device is GpuDevice gpu
        ? gpu.FreeMemory is { } free ? free + gpu.ReservedMemory : gpu.TotalMemory / 10 * 9
        : Math.Min(Machine.MemoryBytes, (Machine.FreeMemoryBytes ?? Machine.MemoryBytes) + Environment.WorkingSet);
}
