using Engine.Kernels;
using Engine.Model.Schedulers;
using Engine.Model.Transformer;

namespace Engine.Runtime.Pipelines;

/// <summary>Walks one latent from noise to a clip, step by step. Owns its buffers; a step allocates nothing once the first is done.</summary>
/// <remarks>
/// guidance: v = v_uncond + g (v_cond - v_uncond), left out for g at most 1.
/// Given latents are put into the model's input at every step, with timestep 0 on their tokens, and over the result once at the end;
/// the sampler's own state goes on underneath, as in diffusers' pipelines (pipeline_wan.py and pipeline_wan_i2v.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951, Apache-2.0).
/// </remarks>
sealed class Sampler : IDisposable
{
    readonly Device _device;
    readonly WanTransformer _transformer;
    readonly Conditioning _conditioning;
    readonly IScheduler _scheduler;
    readonly TimestepMap _timesteps;
    readonly TransformerContext _prompt;
    readonly TransformerContext? _negative;
    readonly Tensor _input;
    readonly Tensor _negativeInput;
    readonly Tensor _camera;
    readonly Tensor _velocity;
    readonly Tensor _negativeVelocity;
    readonly Workspace _scratch;
    readonly bool _pair;
    readonly IStepCache? _cache;
    readonly CacheInput? _watched;
    readonly Action<int, Tensor> _afterBlock;
    readonly TransformerControl? _control;
    readonly WindowedForward? _windows;
    CancellationToken _cancel;

    /// <summary>Embeds the prompts for a transformer and allocates every buffer.</summary>
    /// <param name="transformer">The model; it must outlive the sampler.</param>
    /// <param name="conditioning">What is known; it must outlive the sampler.</param>
    /// <param name="scheduler">Where the steps lead; shared by the experts of one job.</param>
    /// <param name="latent">The state [C, T, h, w].</param>
    /// <param name="options">How to spend memory.</param>
    /// <param name="windows">Windows that every step goes over; null takes the clip whole.</param>
    /// <param name="cache">What may stand in for the model, or null; shared by the experts of one job, and the job's to dispose.</param>
    public Sampler(
        WanTransformer transformer, Conditioning conditioning, IScheduler scheduler, Tensor latent, SamplerOptions options,
        LatentWindows? windows = null, IStepCache? cache = null)
    {
        _device = transformer.Device;
        _transformer = transformer;
        _conditioning = conditioning;
        _scheduler = scheduler;
        Latent = latent;
        _scratch = new Workspace(_device);
        _pair = options.Pair;
        _timesteps = conditioning.Given is { } given
            ? TimestepMap.ByRow(_device, given.TokenRows(transformer.Config.Patch), [0, 0])
            : TimestepMap.Single(0);
        _prompt = transformer.Prepare(conditioning.Prompt, conditioning.Image, _scratch, options.KeepKeyValues, conditioning.TextLength);
        _velocity = _device.NewTensor(latent.Shape);
        if (!conditioning.NegativePrompt.IsEmpty)
        {
            _negative = transformer.Prepare(conditioning.NegativePrompt, conditioning.Image, _scratch, options.KeepKeyValues, conditioning.TextLength);
            _negativeVelocity = _device.NewTensor(latent.Shape);
        }

        _input = NewInput(conditioning.Channels);
        if (_negative is not null && !conditioning.NegativeChannels.IsEmpty)
        {
            _negativeInput = NewInput(conditioning.NegativeChannels);
        }

        if (conditioning.Camera is { } rays)
        {
            _camera = transformer.EmbedCamera(rays, latent.Shape[1], latent.Shape[2], latent.Shape[3], _scratch);
            _prompt.Camera = _camera;
            _negative?.Camera = _camera;
        }

        _control = conditioning.Control.IsEmpty ? null : new TransformerControl(conditioning.Control, conditioning.ControlStrengths);
        _windows = windows is null ? null : new WindowedForward(transformer, conditioning, latent.Shape, windows, _camera, _pair);
        _cache = cache;
        if (cache is not null)
        {
            _watched = new CacheInput(transformer, conditioning.Given, latent.Shape);
        }

        _afterBlock = (_, _) => _cancel.ThrowIfCancellationRequested();
    }

    /// <summary>The state [C, T, h, w].</summary>
    public Tensor Latent { get; }

    /// <summary>The clean latent that the model foresees from the last step's input: x - sigma v.</summary>
    /// <param name="step">The step that was done last.</param>
    /// <param name="frame">Latent frame to estimate.</param>
    /// <param name="into">[C, 1, h, w].</param>
    public void Foresee(int step, int frame, Tensor into)
    {
        float sigma = _scheduler.Sigmas[step];
        for (int c = 0; c < Latent.Shape[0]; c++)
        {
            Elementwise.Combine(_device, _velocity[c].Slice(frame, 1), -sigma, _input[c].Slice(frame, 1), 1, into[c]);
        }
    }

    /// <summary>Does one step in place.</summary>
    /// <param name="step">Index into the scheduler's timesteps; steps come in order.</param>
    /// <param name="guidance">How strongly the prompt is followed.</param>
    /// <param name="cancel">Looked at after every block.</param>
    /// <exception cref="EngineException">The model made something that is not a number; says in which step and block.</exception>
    public void Step(int step, double guidance, CancellationToken cancel)
    {
        _cancel = cancel;
        _input.Slice(0, Latent.Shape[0]).CopyFrom(Latent);
        _conditioning.Given?.PutInto(_input);
        _timesteps.Values[0] = _scheduler.Timesteps[step];
        PredictOrSkip(step, guidance);
        if (_device.IsDry)
        {
            return;
        }

        _scheduler.Step(step, _velocity, Latent);
        if (!Finite.All(_device, Latent, _scratch))
        {
            throw NotFinite(step, guidance);
        }
    }

    /// <summary>Puts the given latents over the result, after the last step.</summary>
    public void Finish() => _conditioning.Given?.PutInto(Latent);

    /// <summary>Frees the buffers (not the latent).</summary>
    public void Dispose()
    {
        _timesteps.Dispose();
        _prompt.Dispose();
        _negative?.Dispose();
        _input.Dispose();
        _negativeInput.Dispose();
        _camera.Dispose();
        _velocity.Dispose();
        _negativeVelocity.Dispose();
        _scratch.Dispose();
        _watched?.Dispose();
        _windows?.Dispose();
    }

    void PredictOrSkip(int step, double guidance)
    {
        if (_cache is null || _watched is null)
        {
            Predict(guidance, _afterBlock);
            return;
        }

        bool guided = _negative is not null && guidance > 1;
        var negative = guided ? _negativeVelocity : default;
        bool last = step == _scheduler.Timesteps.Count - 1;
        if (!_cache.TryPredict(_watched.Read(_input, _timesteps, _scratch), last, _velocity, negative))
        {
            Forward(guided, _afterBlock);
            _cache.Observe(_velocity, negative);
        }

        Guide(guided ? guidance : 1);
    }

    Tensor NewInput(Tensor channels)
    {
        int made = Latent.Shape[0];
        int all = _transformer.Config.InChannels;
        var input = _device.NewTensor([all, Latent.Shape[1], Latent.Shape[2], Latent.Shape[3]]);
        if (!channels.IsEmpty)
        {
            input.Slice(made, all - made).CopyFrom(channels);
        }

        return input;
    }

    void Predict(double guidance, Action<int, Tensor> afterBlock)
    {
        double used = _negative is null ? 1 : guidance;
        Forward(used > 1, afterBlock);
        Guide(used);
    }

    void Forward(bool guided, Action<int, Tensor> afterBlock)
    {
        if (_windows is not null)
        {
            _windows.Run(_input, NegativeInput(guided), _timesteps.Values, _prompt, guided ? _negative : null, _velocity, _negativeVelocity, _scratch, afterBlock);
            return;
        }

        if (!guided)
        {
            _transformer.Forward(_input, _timesteps, _prompt, _velocity, _scratch, afterBlock, _control);
            return;
        }

        if (!NegativeInput(guided).IsEmpty)
        {
            // Two inputs cannot share the first block, where the copies of a pair are still alike.
            _transformer.Forward(_input, _timesteps, _prompt, _velocity, _scratch, afterBlock);
            _transformer.Forward(_negativeInput, _timesteps, _negative!, _negativeVelocity, _scratch, afterBlock);
        }
        else if (_pair)
        {
            _transformer.ForwardPair(_input, _timesteps, _prompt, _negative!, _velocity, _negativeVelocity, _scratch, afterBlock, _control);
        }
        else
        {
            _transformer.Forward(_input, _timesteps, _prompt, _velocity, _scratch, afterBlock, _control);
            _transformer.Forward(_input, _timesteps, _negative!, _negativeVelocity, _scratch, afterBlock, _control);
        }
    }

    // The input for the negative prompt, where it is another one; else empty.
    Tensor NegativeInput(bool guided)
    {
        if (guided && !_negativeInput.IsEmpty)
        {
            _negativeInput.Slice(0, Latent.Shape[0]).CopyFrom(_input.Slice(0, Latent.Shape[0]));
        }

        return guided ? _negativeInput : default;
    }

    void Guide(double guidance)
    {
        if (guidance <= 1)
        {
            return;
        }

        // In upstream's order: the difference first, which is small.
        Elementwise.Combine(_device, _velocity, 1, _negativeVelocity, -1, _velocity);
        Elementwise.Combine(_device, _negativeVelocity, 1, _velocity, (float)guidance, _velocity);
    }

    EngineException NotFinite(int step, double guidance)
    {
        string where = "the sampler's own arithmetic";
        if (!Finite.All(_device, _velocity, _scratch))
        {
            // The same step once more, now looking at what every block makes.
            int? first = null;
            Predict(guidance, (block, tokens) => first ??= Finite.All(_device, tokens, _scratch) ? null : block);
            where = first is { } block ? $"block {block} of the transformer" : "the transformer's last layer";
        }

        return new EngineException(ErrorKind.BadInput, $"Step {step + 1} made values that are not numbers, first in {where}; the weights are damaged or do not suit this precision.");
    }
}

/// <summary>How a sampler spends memory; results are the same either way.</summary>
/// <param name="Pair">Both prompts of guidance in one pass over the weights (twice the activations).</param>
/// <param name="KeepKeyValues">Keep the cross-attention's keys and values for all steps.</param>
readonly record struct SamplerOptions(bool Pair, bool KeepKeyValues);
