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
    readonly float[][] _states;
    int _next;

    /// <summary>Sets the grid.</summary>
    /// <param name="timesteps">One per step.</param>
    /// <param name="sigmas">One more; the last is 0.</param>
    /// <param name="statesKept">States kept from step to step.</param>
    private protected FlowScheduler(float[] timesteps, float[] sigmas, int statesKept)
    {
        _timesteps = timesteps;
        _sigmas = sigmas;
        _states = new float[statesKept][];
        Array.Fill(_states, []);
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
    public void Step(int step, ReadOnlySpan<float> velocity, Span<float> latent)
    {
        if (step != _next || step >= _timesteps.Length)
        {
            throw new InvalidOperationException($"Step {step} was asked for; step {_next} of {_timesteps.Length} comes next.");
        }

        if (velocity.Length != latent.Length)
        {
            throw new ArgumentException($"The velocity has {velocity.Length} values, the latent {latent.Length}.", nameof(velocity));
        }

        if (Done == 0)
        {
            Reserve(latent.Length);
        }
        else if (_states.Length > 0 && _states[0].Length != latent.Length)
        {
            throw new ArgumentException($"The latent has {latent.Length} values; earlier steps had {_states[0].Length}.", nameof(latent));
        }

        Advance(step, velocity, latent);
        _next++;
        Done++;
    }

    /// <inheritdoc/>
    public void AddNoise(int step, ReadOnlySpan<float> clean, ReadOnlySpan<float> noise, Span<float> result)
    {
        if (clean.Length != noise.Length || clean.Length != result.Length)
        {
            throw new ArgumentException($"The latent has {clean.Length} values, the noise {noise.Length}, the result {result.Length}.");
        }

        float sigma = _sigmas[step];
        float alpha = 1 - sigma;
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = (alpha * clean[i]) + (sigma * noise[i]);
        }
    }

    /// <inheritdoc/>
    public void Save(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(_timesteps.Length);
        writer.Write(_states.Length);
        writer.Write(_next);
        writer.Write(Done);
        foreach (float[] state in _states)
        {
            writer.Write(state.Length);
            writer.Write(MemoryMarshal.AsBytes<float>(state));
        }
    }

    /// <inheritdoc/>
    /// <exception cref="EngineException">What was saved belongs to another sampler or is damaged.</exception>
    public void Restore(BinaryReader reader)
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

        foreach (ref float[] state in _states.AsSpan())
        {
            state = ReadState(reader, state);
        }

        _next = next;
        Done = done;
    }

    /// <summary>Does one step in place; lengths and order were checked.</summary>
    private protected abstract void Advance(int step, ReadOnlySpan<float> velocity, Span<float> latent);

    /// <summary>One kept state, as long as the latent.</summary>
    private protected Span<float> State(int index) => _states[index];

    /// <summary>Noise level at a point of the grid, and what remains of the clean latent there.</summary>
    private protected (float Alpha, float Sigma) Level(int step) => (1 - _sigmas[step], _sigmas[step]);

    /// <summary>Half the log of the signal-to-noise ratio; infinite at the end of the grid.</summary>
    private protected float Lambda(int step)
    {
        var (alpha, sigma) = Level(step);
        return MathF.Log(alpha) - MathF.Log(sigma);
    }

    void Reserve(int length)
    {
        foreach (ref float[] state in _states.AsSpan())
        {
            if (state.Length != length)
            {
                state = new float[length];
            }
        }
    }

    static float[] ReadState(BinaryReader reader, float[] old)
    {
        int length = reader.ReadInt32();
        if (length < 0 || (long)length * sizeof(float) > reader.BaseStream.Length - reader.BaseStream.Position)
        {
            throw new EngineException(ErrorKind.BadInput, $"The saved sampler is damaged: a state of {length} values does not fit the file.");
        }

        float[] state = old.Length == length ? old : new float[length];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(state.AsSpan()));
        return state;
    }
}
