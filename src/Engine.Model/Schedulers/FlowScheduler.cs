using System.Runtime.InteropServices;
using Engine.Kernels;

namespace Engine.Model.Schedulers;

/// <summary>What the samplers of flow models share: the grid, the order of steps and the kept states.</summary>
/// <remarks>
/// A latent at noise level sigma is (1 - sigma) clean + sigma noise, and the model predicts noise - clean.
/// Coefficients are computed in f32 from f32 noise levels, as upstream does, so that rounding agrees.
/// </remarks>
public abstract class FlowScheduler : IScheduler
{
    readonly float[] _timesteps;
    readonly float[] _sigmas;
    readonly Tensor[] _states;
    int _next;

    /// <summary>Sets the grid.</summary>
    /// <param name="timesteps">One per step.</param>
    /// <param name="sigmas">One more; the last is 0.</param>
    /// <param name="statesKept">States kept from step to step.</param>
    private protected FlowScheduler(float[] timesteps, float[] sigmas, int statesKept)
    {
        _timesteps = timesteps;
        _sigmas = sigmas;
        _states = new Tensor[statesKept];
    }

    /// <inheritdoc/>
    public IReadOnlyList<float> Timesteps => _timesteps;

    /// <inheritdoc/>
    public IReadOnlyList<float> Sigmas => _sigmas;

    /// <inheritdoc/>
    public int StatesKept => _states.Length;

    /// <summary>Steps done since the start or the last <see cref="Begin"/>.</summary>
    private protected int Done { get; private set; }

    /// <inheritdoc/>
    public void Begin(int step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, _timesteps.Length);
        _next = step;
        Done = 0;
    }

    /// <inheritdoc/>
    public void Step(int step, Tensor velocity, Tensor latent)
    {
        if (step != _next || step >= _timesteps.Length)
        {
            throw new InvalidOperationException($"Step {step} was asked for; step {_next} of {_timesteps.Length} comes next.");
        }

        if (velocity.Count != latent.Count)
        {
            throw new ArgumentException($"The velocity has {velocity.Count} values, the latent {latent.Count}.", nameof(velocity));
        }

        if (Done == 0)
        {
            Reserve(latent);
        }
        else if (_states.Length > 0 && _states[0].Count != latent.Count)
        {
            throw new ArgumentException($"The latent has {latent.Count} values; earlier steps had {_states[0].Count}.", nameof(latent));
        }

        Advance(step, velocity, latent);
        _next++;
        Done++;
    }

    /// <inheritdoc/>
    public void AddNoise(int step, Tensor clean, Tensor noise, Tensor result) =>
        Elementwise.Combine(result.Device, clean, 1 - _sigmas[step], noise, _sigmas[step], result);

    /// <inheritdoc/>
    public void Save(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(_timesteps.Length);
        writer.Write(_states.Length);
        writer.Write(_next);
        writer.Write(Done);
        var host = new HostMirror();
        foreach (var state in _states)
        {
            writer.Write(state.IsEmpty ? 0 : checked((int)state.Count));
            if (!state.IsEmpty)
            {
                writer.Write(MemoryMarshal.AsBytes(host.Read(state)));
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="EngineException">What was saved belongs to another sampler or is damaged.</exception>
    public void Restore(BinaryReader reader, Device device)
    {
        ArgumentNullException.ThrowIfNull(reader);
        int steps = reader.ReadInt32();
        int states = reader.ReadInt32();
        if (steps != _timesteps.Length || states != _states.Length)
        {
            throw new EngineException(ErrorKind.BadInput, $"The saved sampler has {steps} steps and keeps {states} states; this one has {_timesteps.Length} and {_states.Length}, so that the job cannot go on with these settings.");
        }

        int next = reader.ReadInt32();
        int done = reader.ReadInt32();
        if (next < 0 || next > steps || done < 0 || done > next)
        {
            throw new EngineException(ErrorKind.BadInput, $"The saved sampler is damaged: step {next} of {steps} comes next after {done} done.");
        }

        foreach (ref var state in _states.AsSpan())
        {
            state.Dispose();
            state = ReadState(reader, device);
        }

        _next = next;
        Done = done;
    }

    /// <summary>Does one step in place; lengths and order were checked.</summary>
    private protected abstract void Advance(int step, Tensor velocity, Tensor latent);

    /// <summary>One kept state, as long as the latent.</summary>
    private protected Tensor State(int index) => _states[index];

    /// <summary>Noise level at a point of the grid, and what remains of the clean latent there.</summary>
    private protected (float Alpha, float Sigma) Level(int step) => (1 - _sigmas[step], _sigmas[step]);

    /// <summary>Half the log of the signal-to-noise ratio; infinite at the end of the grid.</summary>
    private protected float Lambda(int step)
    {
        var (alpha, sigma) = Level(step);
        return MathF.Log(alpha) - MathF.Log(sigma);
    }

    /// <summary>Frees the kept states.</summary>
    public void Dispose()
    {
        foreach (ref var state in _states.AsSpan())
        {
            state.Dispose();
            state = default;
        }

        GC.SuppressFinalize(this);
    }

    void Reserve(Tensor latent)
    {
        foreach (ref var state in _states.AsSpan())
        {
            if (state.IsEmpty || state.Count != latent.Count || state.Device != latent.Device)
            {
                state.Dispose();
                state = latent.Device.NewTensor(latent.Shape);
            }
        }
    }

    static Tensor ReadState(BinaryReader reader, Device device)
    {
        int length = reader.ReadInt32();
        if (length < 0 || (long)length * sizeof(float) > reader.BaseStream.Length - reader.BaseStream.Position)
        {
            throw new EngineException(ErrorKind.BadInput, $"The saved sampler is damaged: a state of {length} values does not fit the file.");
        }

        if (length == 0)
        {
            return default;
        }

        var state = device.NewTensor([length]);
        var host = new HostMirror();
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(host.ToWrite(state)));
        host.Written(state);
        return state;
    }
}
