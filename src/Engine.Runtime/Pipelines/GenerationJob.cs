using Engine.Kernels;
using Engine.Model.Schedulers;
using Engine.Model.Transformer;
using Engine.Runtime.Jobs;

namespace Engine.Runtime.Pipelines;

/// <summary>One request from its prompt to its finished latent: text, inputs, noise, steps.</summary>
/// <remarks>Runs on one thread from start to end. Parts of the model are read as they are needed and released as the plan says.</remarks>
sealed class GenerationJob(
    ModelParts parts, ResolvedRequest request, Residency residency, GenerationOptions options, JobProgress progress, ClipTail? tail = null)
{
    readonly IPipelineObserver? _observer = options.Observer;

    /// <summary>Makes the clip's latent [C, T, h, w], normalised, given parts put back and extra frames dropped; the caller owns it.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; noticed within one block of one step.</exception>
    public Tensor Run(CancellationToken cancel)
    {
        var inputs = JobInputs.Load(request, tail, n => progress.Note(GenerationStage.EncodingInputs, n));
        if (tail is null)
        {
            // Said once nothing more can be wrong with the request itself.
            progress.Note(GenerationStage.Planning, $"running on {parts.DeviceInWords}");
        }

        using var scheduler = Scheduler.Create(request.Scheduler, request.Steps, request.Shift);
        var random = new TorchRandom(request.Seed);
        using var latent = parts.Device.NewTensor(InputStage.LatentShape(request, parts.Checkpoint));
        using var state = OpenState();
        using var cache = StepCache.For(request, latent);
        int first = Restore(latent, scheduler, random, cache) ?? request.FirstStep;

        using var conditioning = Condition(inputs, cancel);
        if (first == request.FirstStep)
        {
            Start(latent, conditioning, scheduler, random);
        }

        ShowTimesteps(scheduler);
        Walk(latent, conditioning, scheduler, random, cache, state, first, cancel);
        conditioning.Given?.PutInto(latent);
        return Finished(latent, conditioning.LeadFrames, conditioning.ExtraFrames);
    }

    Conditioning Condition(JobInputs inputs, CancellationToken cancel)
    {
        progress.Enter(GenerationStage.EncodingText);
        var text = TextStage.Run(parts, request, residency.StreamTextEncoder, null, cancel);
        var conditioning = new Conditioning
        {
            Prompt = text[0],
            NegativePrompt = text.Length > 1 ? text[1] : default,
            TextLength = request.MaxSequenceLength,
        };
        try
        {
            if (residency.ReleaseParts)
            {
                parts.TextEncoder.Release();
                parts.StreamedTextEncoder.Release();
            }

            if (InputStage.Needed(request, parts.Checkpoint))
            {
                progress.Enter(GenerationStage.EncodingInputs);
                InputStage.RunImageEncoder(parts, request, inputs, conditioning);
                if (residency.ReleaseParts)
                {
                    parts.ImageEncoder.Release();
                }

                InputStage.Run(parts, request, inputs, conditioning, residency.Encode, n => progress.Note(GenerationStage.EncodingInputs, n), cancel);
                if (residency.ReleaseParts)
                {
                    parts.Encoder.Release();
                }
            }

            Show(conditioning);
            return conditioning;
        }
        catch
        {
            conditioning.Dispose();
            throw;
        }
    }

    void Start(Tensor latent, Conditioning conditioning, IScheduler scheduler, TorchRandom random)
    {
        random.Normal(latent);
        if (conditioning.Motion is { } motion)
        {
            Show("noise", latent);
            motion.Start(scheduler, request.FirstStep, latent);
            return;
        }

        if (!conditioning.Start.IsEmpty)
        {
            scheduler.AddNoise(request.FirstStep, conditioning.Start, latent, latent);
            scheduler.Begin(request.FirstStep);
        }

        Show("noise", latent);
    }

    void Walk(
        Tensor latent,
        Conditioning conditioning,
        IScheduler scheduler,
        TorchRandom random,
        StepCache? cache,
        JobState? state,
        int first,
        CancellationToken cancel)
    {
        if (first == request.Steps)
        {
            progress.BeginSteps(first - request.FirstStep);
            return;
        }

        using var experts = new Experts(parts, request, conditioning, scheduler, latent, residency, progress, cache);
        using var preview = options.PreviewEverySteps > 0 && options.OnPreview is not null ? new Preview(parts, latent.Shape, options.OnPreview) : null;
        experts.Prepare(first, cancel);
        progress.BeginSteps(first - request.FirstStep);
        for (int step = first; step < request.Steps; step++)
        {
            cancel.ThrowIfCancellationRequested();
            var (sampler, guidance) = experts.Prepare(step, cancel);
            sampler.Step(step, guidance, cancel);
            conditioning.Motion?.PutBack(scheduler, step, latent);
            int done = step + 1;
            if (_observer is not null)
            {
                Show($"latents.{step - request.FirstStep}", latent);
            }

            if (state is not null && (done % options.StateEverySteps == 0 || done == request.Steps))
            {
                state.Write(done, latent, scheduler, random, cache);
            }

            if (preview is not null && done < request.Steps && done % options.PreviewEverySteps == 0)
            {
                preview.Show(sampler, step);
            }

            progress.StepDone(done - request.FirstStep);
        }

        if (cache is not null)
        {
            progress.Note(GenerationStage.Denoising, $"the step cache stood in for {cache.Skipped} of {request.Steps - first} steps.");
        }
    }

    JobState? OpenState()
    {
        if (options.StatePath is not { } path)
        {
            return null;
        }

        JobState.RequireWritable(path);
        return new JobState(path, JobIdentity.Of(request, parts.Checkpoint, parts.Device));
    }

    int? Restore(Tensor latent, IScheduler scheduler, TorchRandom random, IStepCache? cache)
    {
        if (!options.Resume || options.StatePath is not { } path || !File.Exists(path))
        {
            return null;
        }

        int done = JobState.Restore(path, JobIdentity.Of(request, parts.Checkpoint, parts.Device), latent, scheduler, random, cache);
        progress.Note(GenerationStage.Planning, $"going on after step {done - request.FirstStep} of {request.Steps - request.FirstStep}.");
        return done;
    }

    Tensor Finished(Tensor latent, int leadFrames, int extraFrames)
    {
        int frames = latent.Shape[1] - leadFrames - extraFrames;
        var clip = parts.Device.NewTensor([latent.Shape[0], frames, latent.Shape[2], latent.Shape[3]]);
        using var frame = parts.Device.NewTensor([latent.Shape[0], 1, latent.Shape[2], latent.Shape[3]]);
        for (int t = 0; t < frames; t++)
        {
            Latents.Take(latent, leadFrames + t, frame);
            Latents.Put(frame, clip, t);
        }

        return clip;
    }

    void Show(Conditioning conditioning)
    {
        if (_observer is null)
        {
            return;
        }

        ShowPadded("prompt_embeds", conditioning.Prompt);
        ShowPadded("negative_prompt_embeds", conditioning.NegativePrompt);
        Show("image_embeds", conditioning.Image);
        Show("condition", conditioning.Channels);
        if (!conditioning.Control.IsEmpty)
        {
            int latents = 2 * parts.Checkpoint.Vae!.ZDim;
            Show("vace_latents", conditioning.Control.Slice(0, latents));
            Show("vace_mask", conditioning.Control.Slice(latents, conditioning.Control.Shape[0] - latents));
        }

        if (conditioning.Given is not { } given)
        {
            return;
        }

        using var mask = given.Mask(given: 1, free: 0);
        _observer.OnTensor("given", mask);
        Show("given_latents", given.Values);
        if (request.Task == VideoTask.ImageToVideo)
        {
            using var inverse = given.Mask(given: 0, free: 1);
            using var frame = parts.Device.NewTensor([given.Values.Shape[0], 1, given.Values.Shape[2], given.Values.Shape[3]]);
            Latents.Take(given.Values, 0, frame);
            _observer.OnTensor("first_frame_mask", inverse);
            Show("condition", frame);
        }
    }

    void ShowPadded(string name, Tensor embedding)
    {
        if (!embedding.IsEmpty)
        {
            using var padded = TextStage.Pad(embedding, request.MaxSequenceLength);
            Show(name, padded);
        }
    }

    void Show(string name, Tensor tensor)
    {
        if (_observer is not null && !tensor.IsEmpty)
        {
            _observer.OnTensor(name, tensor.Reshape([1, .. tensor.Shape]));
        }
    }

    void ShowTimesteps(IScheduler scheduler)
    {
        if (_observer is not null)
        {
            float[] running = [.. scheduler.Timesteps.Skip(request.FirstStep)];
            using var tensor = parts.Device.NewTensor([running.Length]);
            tensor.CopyFrom(running);
            _observer.OnTensor("timesteps", tensor);
        }
    }
}
