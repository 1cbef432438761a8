using Engine.Kernels;
using Engine.Model.Schedulers;
using Engine.Model.Transformer;

namespace Engine.Runtime.Pipelines;

/// <summary>The transformers of one job: one, or a high-noise and a low-noise one that takes over at a boundary.</summary>
/// <remarks>
/// Where both fit in memory, the second is read on a thread of its own while the first runs; else it is read at the switch, and
/// only once the first is released, so that never both are there.
/// </remarks>
sealed class Experts : IDisposable
{
    readonly ModelParts _parts;
    readonly ResolvedRequest _request;
    readonly Conditioning _conditioning;
    readonly IScheduler _scheduler;
    readonly Tensor _latent;
    readonly Residency _residency;
    readonly JobProgress? _progress;
    readonly IStepCache? _cache;
    readonly CancellationTokenSource _closing = new();
    Part<WanTransformer>? _part;
    Part<WanTransformer>.Lease? _lease;
    Sampler? _sampler;
    Task<Part<WanTransformer>.Lease>? _second;

    /// <summary>Reads nothing yet.</summary>
    public Experts(
        ModelParts parts,
        ResolvedRequest request,
        Conditioning conditioning,
        IScheduler scheduler,
        Tensor latent,
        Residency residency,
        JobProgress? progress,
        IStepCache? cache)
    {
        _parts = parts;
        _request = request;
        _conditioning = conditioning;
        _scheduler = scheduler;
        _latent = latent;
        _residency = residency;
        _progress = progress;
        _cache = cache;
    }

    /// <summary>The sampler of a step and its guidance; changes over to the other transformer where the step asks for it.</summary>
    /// <param name="step">Index into the scheduler's timesteps.</param>
    /// <param name="cancel">Stops the reading of a transformer.</param>
    public (Sampler Sampler, double Guidance) Prepare(int step, CancellationToken cancel = default)
    {
        bool low = IsLow(step);
        var part = (low, _residency.StreamTransformer) switch
        {
            (false, false) => _parts.Transformer,
            (true, false) => _parts.Transformer2,
            (false, true) => _parts.StreamedTransformer,
            (true, true) => _parts.StreamedTransformer2,
        };
        if (part != _part)
        {
            Leave();
            _progress?.Enter(GenerationStage.Loading);
            _part = part;
            _lease = Rent(part, cancel);
            ReadAhead(low);
            _cache?.Enter(low ? 1 : 0);
            _sampler = new Sampler(_lease.Value, _conditioning, _scheduler, _latent, _residency.Sampler, Windows(), _cache);
        }

        return (_sampler!, _request.Guides(step) ? low ? _request.Guidance2 : _request.Guidance : 1);
    }

    /// <summary>True when the low-noise transformer does a step.</summary>
    public bool IsLow(int step) => _parts.Checkpoint is { HasTransformer2: true, Info.BoundaryRatio: { } ratio }
        && _scheduler.Timesteps[step] < ratio * Scheduler.TrainTimesteps;

    /// <summary>Frees the buffers, and the transformer where the plan says so.</summary>
    public void Dispose()
    {
        Leave();
        _closing.Cancel();
        try
        {
            _second?.GetAwaiter().GetResult().Dispose();
        }
        catch (Exception e) when (e is OperationCanceledException or EngineException)
        {
            // It was read ahead, and is not needed any more.
        }

        _second = null;
        if (_residency.ReleaseParts)
        {
            _parts.Transformer2.Release();
        }

        _closing.Dispose();
    }

    Part<WanTransformer>.Lease Rent(Part<WanTransformer> part, CancellationToken cancel)
    {
        if (_second is not { } second || part != _parts.Transformer2)
        {
            return part.Rent(cancel);
        }

        // The job's cancellation reaches the thread that reads, and whatever went wrong there is told here.
        _second = null;
        using var stop = cancel.Register(_closing.Cancel);
        try
        {
            return second.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            throw;
        }
    }

    LatentWindows? Windows()
    {
        if (_request.Blend is not { } blend)
        {
            return null;
        }

        int lead = _conditioning.LeadFrames;
        int window = ((blend.Frames - 1) / _parts.Checkpoint.Vae!.TemporalFactor) + 1;
        return new LatentWindows(_latent.Shape[1] - lead, window, blend.Overlap, lead);
    }

    void ReadAhead(bool low)
    {
        if (low || !_residency.BothExperts || _residency.StreamTransformer || _second is not null)
        {
            return;
        }

        var token = _closing.Token;

        // A dry run counts both from here on, as they will be.
        _second = _parts.Device.IsDry ? Task.FromResult(_parts.Transformer2.Rent(token)) : Task.Run(() => _parts.Transformer2.Rent(token), CancellationToken.None);
    }

    void Leave()
    {
        _sampler?.Dispose();
        _lease?.Dispose();
        if (_residency.ReleaseParts)
        {
            _part?.Release();
        }

        _sampler = null;
        _lease = null;
        _part = null;
    }
}
