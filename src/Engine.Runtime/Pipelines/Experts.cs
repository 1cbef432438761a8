using Engine.Kernels;
using Engine.Model.Schedulers;
using Engine.Model.Transformer;

namespace Engine.Runtime.Pipelines;

/// <summary>The transformers of one job: one, or a high-noise and a low-noise one that takes over at a boundary.</summary>
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
    Part<WanTransformer>? _part;
    Part<WanTransformer>.Lease? _lease;
    Sampler? _sampler;

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
    public (Sampler Sampler, double Guidance) Prepare(int step)
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
            _lease = part.Rent();
            _cache?.Enter(low ? 1 : 0);
            _sampler = new Sampler(_lease.Value, _conditioning, _scheduler, _latent, _residency.Sampler, _cache);
        }

        return (_sampler!, _request.Guides(step) ? low ? _request.Guidance2 : _request.Guidance : 1);
    }

    /// <summary>True when the low-noise transformer does a step.</summary>
    public bool IsLow(int step) => _parts.Checkpoint is { HasTransformer2: true, Info.BoundaryRatio: { } ratio }
        && _scheduler.Timesteps[step] < ratio * Scheduler.TrainTimesteps;

    /// <summary>Frees the buffers, and the transformer where the plan says so.</summary>
    public void Dispose() => Leave();

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
