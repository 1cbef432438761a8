using System.Runtime.InteropServices;
using Engine.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Engine.Runtime.Pipelines;

/// <summary>Uses the last velocity again for as long as the model's modulated input has moved less than a bound since then.</summary>
/// <remarks>
/// moved = sum over the steps since the model last ran of |input - input before|_1 / |input before|_1. The criterion is TeaCache's
/// (LiewFeng et al., arXiv 2411.19108) without its polynomial, which is fitted per model; what is kept is the velocity instead of the
/// blocks' residual: a hundredth of the memory, and closer to the full run (perf/records/step-cache.md). The input is the same with and
/// without the prompt, so that one decision serves both.
/// </remarks>
sealed class StepCache : IStepCache
{
    readonly double _bound;
    readonly Tensor _velocity;
    readonly Tensor _negative;
    float[] _input = [];
    int _expert;
    bool _hasInput;
    bool _hasVelocity;
    bool _hasNegative;
    double _moved;

    /// <summary>Starts empty.</summary>
    /// <param name="device">Where the model runs.</param>
    /// <param name="latent">Shape of the velocities.</param>
    /// <param name="bound">Movement up to which a step is skipped, relative; above 0.</param>
    public StepCache(Device device, Shape latent, double bound)
    {
        _bound = bound;
        _velocity = device.NewTensor(latent);
        _negative = device.NewTensor(latent);
    }

    /// <inheritdoc/>
    public int Skipped { get; private set; }

    /// <summary>The cache that a request asks for, or null.</summary>
    public static StepCache? For(ResolvedRequest request, Tensor latent) =>
        request.StepCache > 0 ? new StepCache(latent.Device, latent.Shape, request.StepCache) : null;

    /// <inheritdoc/>
    public void Enter(int expert)
    {
        if (expert != _expert)
        {
            _expert = expert;
            _hasInput = _hasVelocity = _hasNegative = false;
        }
    }

    /// <inheritdoc/>
    public bool TryPredict(ReadOnlySpan<float> input, bool mustRun, Tensor velocity, Tensor negative)
    {
        Move(input);

        // A dry run counts what a step costs that is not skipped.
        if (mustRun || velocity.Device.IsDry || !_hasVelocity || _moved >= _bound || !(negative.IsEmpty || _hasNegative))
        {
            return false;
        }

        velocity.CopyFrom(_velocity);
        if (!negative.IsEmpty)
        {
            negative.CopyFrom(_negative);
        }

        Skipped++;
        return true;
    }

    /// <inheritdoc/>
    public void Observe(Tensor velocity, Tensor negative)
    {
        _velocity.CopyFrom(velocity);
        if (!negative.IsEmpty)
        {
            _negative.CopyFrom(negative);
        }

        _hasVelocity = true;
        _hasNegative = !negative.IsEmpty;
        _moved = 0;
    }

    /// <inheritdoc/>
    public void Save(BinaryWriter writer)
    {
        writer.Write(_expert);
        writer.Write(_moved);
        Write(writer, _hasInput, _input);
        Write(writer, _hasVelocity, _hasVelocity ? _velocity.ToArray() : []);
        Write(writer, _hasNegative, _hasNegative ? _negative.ToArray() : []);
    }

    /// <inheritdoc/>
    public void Restore(BinaryReader reader)
    {
        _expert = reader.ReadInt32();
        _moved = reader.ReadDouble();
        _input = Read(reader, out _hasInput, count: null);
        float[] velocity = Read(reader, out _hasVelocity, (int)_velocity.Count);
        float[] negative = Read(reader, out _hasNegative, (int)_negative.Count);
        if (_hasVelocity)
        {
            _velocity.CopyFrom(velocity);
        }

        if (_hasNegative)
        {
            _negative.CopyFrom(negative);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _velocity.Dispose();
        _negative.Dispose();
    }

    void Move(ReadOnlySpan<float> input)
    {
        if (_input.Length != input.Length)
        {
            _input = new float[input.Length];
            _hasInput = false;
        }

        if (_hasInput)
        {
            double size = TensorPrimitives.SumOfMagnitudes<float>(_input);
            TensorPrimitives.Subtract(input, _input, _input);
            _moved += TensorPrimitives.SumOfMagnitudes<float>(_input) / Math.Max(size, double.Epsilon);
        }

        input.CopyTo(_input);
        _hasInput = true;
    }

    static void Write(BinaryWriter writer, bool has, float[] values)
    {
        writer.Write(has ? values.Length : -1);
        if (has)
        {
            writer.Write(MemoryMarshal.AsBytes<float>(values));
        }
    }

    static float[] Read(BinaryReader reader, out bool has, int? count)
    {
        int length = reader.ReadInt32();
        has = length >= 0;
        if (length < 0)
        {
            return [];
        }

        if ((count is { } wanted && length != wanted) || (long)length * sizeof(float) > reader.BaseStream.Length - reader.BaseStream.Position)
        {
            throw new InvalidDataException($"{length} values");
        }

        var values = new float[length];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
