using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Schedulers;
using Engine.Runtime.Pipelines;

namespace Engine.Runtime.Planning;

/// <summary>What one stage of a dry run took.</summary>
/// <param name="Stage">Which one.</param>
/// <param name="Peak">Most bytes held during it: weights, what was kept from earlier stages, and working memory.</param>
/// <param name="Work">Operations it would have done, by name.</param>
sealed record DryStage(GenerationStage Stage, long Peak, IReadOnlyDictionary<string, DryWork> Work);

/// <summary>What one operation would have done.</summary>
readonly record struct DryWork(double Calls, double Flops, double Bytes);

/// <summary>Runs a request's stages on a device that only counts.</summary>
sealed class DryJob : IDisposable
{
    readonly DryDevice _device;
    readonly ModelParts _parts;
    readonly ResolvedRequest _whole;
    readonly ResolvedRequest _request;
    readonly int _rounds;
    readonly Residency _residency;
    readonly List<DryStage> _stages = [];

    DryJob(ModelParts like, ResolvedRequest request, Residency residency)
    {
        _device = new DryDevice(like.Device);
        _parts = new ModelParts(like.Checkpoint, _device, like: like);
        _whole = request;

        // Of a clip that is made in rounds one is counted that goes on from another: it takes the most.
        var rounds = request is { Windows: not null } or { SourceLatents: not null } ? ClipJob.Rounds(request) : [request];
        _rounds = rounds.Count;
        _request = rounds[Math.Min(1, rounds.Count - 1)];
        _residency = residency;
    }

    /// <summary>Counts every stage of a request.</summary>
    /// <param name="like">The model, for its tokenizer; its weights are not touched.</param>
    /// <param name="request">What would be made.</param>
    /// <param name="residency">How it would be run.</param>
    public static IReadOnlyList<DryStage> Run(ModelParts like, ResolvedRequest request, Residency residency)
    {
        using var job = new DryJob(like, request, residency);
        job.Run();
        return job._stages;
    }

    /// <summary>Frees nothing but counts.</summary>
    public void Dispose()
    {
        _parts.Dispose();
        _device.Dispose();
    }

    void Run()
    {
        var shape = InputStage.LatentShape(_request, _parts.Checkpoint);
        using var latent = _device.NewTensor(shape);
        var conditioning = Encode();
        using (conditioning)
        {
            Denoise(latent, conditioning);
        }

        using var clip = _device.NewTensor([shape[0], Latents(_whole.Frames), shape[2], shape[3]]);
        latent.Dispose();
        Count(GenerationStage.Decoding, 1, () =>
        {
            using var lease = _parts.Decoder.Rent();
            DecodeStage.Run(lease.Value, clip, _residency.Decode, (_, _) => { }, CancellationToken.None);
        }, extra: FrameQueue.Bytes(_request, _parts.Checkpoint.Vae!));
    }

    int Latents(int frames) => ((frames - 1) / _parts.Checkpoint.Vae!.TemporalFactor) + 1;

    Conditioning Encode()
    {
        Tensor[] text = [];
        Count(GenerationStage.EncodingText, 1, () =>
        {
            text = TextStage.Run(_parts, _request, _residency.StreamTextEncoder, null, CancellationToken.None);
        });
        var conditioning = new Conditioning { Prompt = text[0], NegativePrompt = text.Length > 1 ? text[1] : default, TextLength = _request.MaxSequenceLength };
        Release(_parts.TextEncoder.Release, _parts.StreamedTextEncoder.Release);
        if (InputStage.Needed(_request, _parts.Checkpoint))
        {
            Count(GenerationStage.EncodingInputs, _rounds, () =>
            {
                InputStage.RunImageEncoder(_parts, _request, null, conditioning);
                Release(_parts.ImageEncoder.Release);
                InputStage.Run(_parts, _request, null, conditioning, _residency.Encode, null, CancellationToken.None);
            });
            Release(_parts.Encoder.Release);
        }

        return conditioning;
    }

    void Denoise(Tensor latent, Conditioning conditioning)
    {
        using var scheduler = Scheduler.Create(_request.Scheduler, _request.Steps, _request.Shift);
        using var cache = StepCache.For(_request, latent);
        using var experts = new Experts(_parts, _request, conditioning, scheduler, latent, _residency, null, cache);

        // Steps of one transformer with guidance, or without, do the same, so that one of each kind is counted.
        var kinds = Enumerable.Range(_request.FirstStep, _request.Steps - _request.FirstStep).GroupBy(step => (experts.IsLow(step), _request.Guides(step)));
        Count(GenerationStage.Denoising, [.. kinds.Select(kind => ((double)kind.Count() * _rounds, (Action)(() => Step(experts, kind.First()))))],
            extra: scheduler.StatesKept * latent.Count * sizeof(float));
    }

    static void Step(Experts experts, int step)
    {
        var (sampler, guidance) = experts.Prepare(step);
        sampler.Step(step, guidance, CancellationToken.None);
    }

    void Count(GenerationStage stage, double times, Action run, long extra = 0) => Count(stage, [(times, run)], extra);

    void Count(GenerationStage stage, ReadOnlySpan<(double Times, Action Run)> parts, long extra)
    {
        var work = new Dictionary<string, DryWork>();
        _device.ResetPeak();
        foreach (var (times, run) in parts)
        {
            _device.ClearWork();
            run();
            foreach (var (name, (calls, flops, bytes)) in _device.Work)
            {
                var sum = work.GetValueOrDefault(name);
                work[name] = new DryWork(sum.Calls + (calls * times), sum.Flops + (flops * times), sum.Bytes + (bytes * times));
            }
        }

        _stages.Add(new DryStage(stage, _device.Peak + extra, work));
    }

    void Release(params ReadOnlySpan<Action> parts)
    {
        foreach (var release in parts)
        {
            if (_residency.ReleaseParts)
            {
                release();
            }
        }
    }
}
