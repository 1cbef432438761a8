using Engine.Kernels;
using Engine.Model.Vae;
using Engine.Runtime.Benchmarks;
using Engine.Runtime.Pipelines;

namespace Engine.Runtime.Planning;

/// <summary>Chooses how a request is run so that it fits: what stays in memory, what is streamed, how large the tiles are.</summary>
/// <remarks>
/// Starts from the fastest way and gives way stage by stage where the memory does not suffice. What a stage takes is counted by
/// running it on a device that only counts; what the process itself takes is read from the system.
/// </remarks>
sealed class Planner
{
    /// <summary>Least that a process holds once its code was compiled and a first clip made, bytes (measured, see perf/records/plan.md).</summary>
    internal const long RuntimeBytes = 80L << 20;

    // Embeddings are cached on disk and small; keeping 11 GB of encoder for the next prompt is worth it to nobody.
    const long LargestKeptTextEncoder = 2L << 30;

    const double ScaleStep = 0.8;

    readonly ModelParts _parts;
    readonly ResolvedRequest _request;
    readonly long _limit;
    readonly long _baseline;
    readonly List<string> _notes = [];
    Residency _residency;
    IReadOnlyList<DryStage> _stages = [];

    Planner(ModelParts parts, ResolvedRequest request, long limit, long baseline)
    {
        _parts = parts;
        _request = request;
        _limit = limit;
        _baseline = baseline;
    }

    /// <summary>Makes a plan.</summary>
    /// <param name="parts">The model on its device.</param>
    /// <param name="request">What to make.</param>
    /// <param name="limit">Most bytes that the process may hold.</param>
    /// <param name="baseline">Bytes that it holds beside this model's weights.</param>
    /// <param name="keepLoaded">Keep the weights for the next request where they fit.</param>
    /// <param name="speed">Measures the device for an estimate of time; null leaves times out.</param>
    /// <exception cref="EngineException">Nothing fits; says what would.</exception>
    public static (MemoryPlan Plan, Residency Residency) Make(
        ModelParts parts, ResolvedRequest request, long limit, long baseline, bool keepLoaded, Func<DeviceSpeed>? speed = null)
    {
        var planner = new Planner(parts, request, limit, baseline);
        if (!planner.Fit(keepLoaded))
        {
            throw planner.Refusal();
        }

        return (planner.Report(speed?.Invoke()), planner._residency);
    }

    /// <summary>Bytes that a request would take where it cannot be run within a limit, however it is done; null where it can.</summary>
    public static long? Excess(ModelParts parts, ResolvedRequest request, long limit, long baseline)
    {
        var planner = new Planner(parts, request, limit, baseline);
        return planner.Fit(keepLoaded: false) ? null : planner.Peak;
    }

    long Peak => _baseline + _stages.Max(s => s.Peak);

    bool Fit(bool keepLoaded)
    {
        if (!FitOne(keepLoaded))
        {
            return false;
        }

        // Two experts share one device: the second is read while the first runs, if there is room for both.
        if (_parts.Checkpoint.HasTransformer2 && !_residency.StreamTransformer)
        {
            var (residency, stages) = (_residency, _stages);
            _residency = residency with { BothExperts = true };
            Count();
            if (Peak > _limit)
            {
                (_residency, _stages) = (residency, stages);
                _notes.Add("the second of the two experts is read at the switch, when the first is released: both do not fit in memory.");
            }
        }

        return true;
    }

    bool FitOne(bool keepLoaded)
    {
        bool stream = TextEncoderBytes() > LargestKeptTextEncoder;
        _residency = new Residency(stream, ReleaseParts: !keepLoaded, new SamplerOptions(Pair: true, KeepKeyValues: true));
        Count();
        if (Peak <= _limit)
        {
            return true;
        }

        if (keepLoaded)
        {
            _residency = _residency with { ReleaseParts = true };
            _notes.Add("each part of the model is released when the next is needed, so as to stay within the memory limit.");
            Count();
        }

        while (_stages.FirstOrDefault(s => _baseline + s.Peak > _limit) is { } stage)
        {
            if (!GiveWay(stage))
            {
                return false;
            }

            Count();
        }

        return true;
    }

    bool GiveWay(DryStage stage)
    {
        var sampler = _residency.Sampler;
        switch (stage.Stage)
        {
            case GenerationStage.EncodingText when !_residency.StreamTextEncoder:
                _residency = _residency with { StreamTextEncoder = true };
                _notes.Add("the text encoder's layers are read one after the other, so as to stay within the memory limit.");
                return true;
            case GenerationStage.Denoising when !_residency.StreamTransformer && TransformerBytes() > _limit - _baseline:
                StreamTransformer();
                return true;
            case GenerationStage.Denoising when sampler.Pair:
                _residency = _residency with { Sampler = sampler with { Pair = false } };
                return true;
            case GenerationStage.Denoising when sampler.KeepKeyValues:
                _residency = _residency with { Sampler = sampler with { KeepKeyValues = false } };
                return true;
            case GenerationStage.Denoising when !_residency.StreamTransformer:
                StreamTransformer();
                return true;
            case GenerationStage.EncodingInputs when _residency.Encode is null:
                _residency = _residency with { Encode = Tiles(VaeParts.Encoder, stage) };
                return _residency.Encode is not null;
            case GenerationStage.Decoding when _residency.Decode is null:
                _residency = _residency with { Decode = Tiles(VaeParts.Decoder, stage) };
                return _residency.Decode is not null;
            default:
                return false;
        }
    }

    VaeTiling? Tiles(VaeParts part, DryStage stage)
    {
        var vae = _parts.Checkpoint.Vae!;
        int rows = _request.Height / vae.SpatialFactor;
        int columns = _request.Width / vae.SpatialFactor;
        long beside = stage.Peak - VaeMemory.Peak(vae, part, rows, columns, null, _parts.Device);
        try
        {
            var tiling = VaeMemory.Fit(vae, part, rows, columns, _limit - _baseline - beside, _parts.Device);
            if (tiling is not null)
            {
                string what = part == VaeParts.Encoder ? "encoded" : "decoded";
                _notes.Add($"frames are {what} in tiles of {tiling.TileWidth * vae.SpatialFactor} pixels, so as to stay within the memory limit.");
            }

            return tiling;
        }
        catch (EngineException e) when (e.Kind == ErrorKind.NoResources)
        {
            return null;
        }
    }

    void Count() => _stages = DryJob.Run(_parts, _request, _residency);

    void StreamTransformer()
    {
        // To keep keys and values would be one more pass over the file for each prompt, and computing them is little work.
        _residency = _residency with { StreamTransformer = true, Sampler = _residency.Sampler with { KeepKeyValues = false } };
        _notes.Add("the transformer's blocks are read from disk in every step, each while the one before it computes, so as to stay within the memory limit; a fast disk helps.");
    }

    long TransformerBytes()
    {
        using var source = _parts.OpenTransformer();
        return source.Tensors.Sum(t => t.Bytes);
    }

    long TextEncoderBytes()
    {
        using var source = _parts.Checkpoint.OpenTextEncoder();
        return source.Tensors.Sum(t => t.Bytes);
    }

    EngineException Refusal()
    {
        var worst = _stages.MaxBy(s => s.Peak)!;
        string needs = $"{Name(worst.Stage)} takes {Gigabytes(Peak)}, and {Gigabytes(_limit)} are allowed";
        string advice = Nearest() is { } nearest
            ? $"{nearest.Width}x{nearest.Height} with {nearest.Frames} frames would fit"
            : "no size of clip would fit this model";
        return new EngineException(
            ErrorKind.NoResources,
            $"{_request.Width}x{_request.Height} with {_request.Frames} frames does not fit: {needs}; {advice}. Allow more memory or ask for less.");
    }

    /// <summary>A request of the same proportions that fits: as large a frame as can be, then as many frames.</summary>
    ResolvedRequest? Nearest()
    {
        int group = _parts.Checkpoint.Vae!.TemporalFactor;
        int fewest = Math.Min(_request.Frames, Math.Max(_request.Overlap, 1) + group);
        for (double scale = 1; Smaller(scale, fewest) is { } smaller; scale *= ScaleStep)
        {
            if (!Fits(smaller))
            {
                continue;
            }

            for (int frames = _request.Frames; frames > fewest; frames = ((frames - 1) / group / 2 * group) + 1)
            {
                if (Fits(smaller with { Frames = frames }))
                {
                    return smaller with { Frames = frames };
                }
            }

            return smaller;
        }

        return null;
    }

    /// <summary>The request at another scale, or null below the smallest frame there is.</summary>
    ResolvedRequest? Smaller(double scale, int frames)
    {
        var vae = _parts.Checkpoint.Vae!;
        var patch = _parts.Checkpoint.Transformer!.Patch;
        int width = (int)(_request.Width * scale / (vae.SpatialFactor * patch.W)) * vae.SpatialFactor * patch.W;
        int height = (int)(_request.Height * scale / (vae.SpatialFactor * patch.H)) * vae.SpatialFactor * patch.H;
        return width > 0 && height > 0 ? _request with { Width = width, Height = height, Frames = frames } : null;
    }

    bool Fits(ResolvedRequest request) => new Planner(_parts, request, _limit, _baseline).Fit(keepLoaded: false);

    MemoryPlan Report(DeviceSpeed? speed)
    {
        var times = speed is null ? null : new PlanTimes(speed, _parts, _request);
        PlannedStage[] stages = [.. _stages.Select(s => new PlannedStage(s.Stage, _baseline + s.Peak, times?.Seconds(s, _residency), Holds(s)))];
        var tiling = _residency.Decode ?? _residency.Encode;
        return new MemoryPlan
        {
            Request = _request,
            Device = _parts.Device.Name,
            Limit = _limit,
            Baseline = _baseline,
            Peak = Peak,
            Stages = stages,
            StreamsTextEncoder = _residency.StreamTextEncoder,
            ReleasesParts = _residency.ReleaseParts,
            TileSize = (tiling?.TileWidth ?? 0) * _parts.Checkpoint.Vae!.SpatialFactor,
            Seconds = speed is null ? null : stages.Sum(s => s.Seconds),
            StreamsTransformer = _residency.StreamTransformer,
            DiskSpeed = times?.Disk,
            Alternatives = _residency.StreamTransformer && speed is not null ? [.. Quantised(speed)] : [],
            Notes = _notes,
        };
    }

    // The first of these formats that would stay in memory, best first.
    IEnumerable<PlanAlternative> Quantised(DeviceSpeed speed)
    {
        foreach (var type in new[] { DType.Q8_0, DType.Q4_K })
        {
            using var parts = new ModelParts(_parts.Checkpoint, _parts.Device, like: _parts, view: source => new QuantisedView(source, type));
            var other = new Planner(parts, _request, _limit, _baseline);
            if (other.Fit(keepLoaded: false) && !other._residency.StreamTransformer)
            {
                var times = new PlanTimes(speed, parts, _request);
                yield return new PlanAlternative(
                    $"the transformer in memory as {type} (engine convert {_parts.Checkpoint.Path} OUT.gguf --type {type.ToString().ToLowerInvariant()})",
                    other.Peak,
                    other._stages.Sum(stage => times.Seconds(stage, other._residency)));
            }
        }
    }

    string Holds(DryStage stage) => _parts.Device.Kind == DeviceKind.Cpu
        ? $"{Gigabytes(_baseline)} the runtime, {Gigabytes(stage.Peak)} weights and working memory"
        : $"{Gigabytes(stage.Peak)} weights and working memory on the device";

    static string Name(GenerationStage stage) => stage switch
    {
        GenerationStage.EncodingText => "encoding the prompt",
        GenerationStage.EncodingInputs => "encoding the pictures",
        GenerationStage.Denoising => "denoising",
        _ => "decoding",
    };

    static string Gigabytes(long bytes) => bytes < 1L << 30 ? $"{bytes / (double)(1 << 20):0} MiB" : $"{bytes / (double)(1L << 30):0.00} GiB";
}
