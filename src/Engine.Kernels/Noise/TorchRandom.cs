namespace Engine.Kernels;

/// <summary>Normal noise as <c>torch.randn</c> draws it from a CPU generator: the same seed gives the same numbers.</summary>
/// <remarks>
/// Port of what at::normal_ does on the CPU (pytorch/pytorch aten/src/ATen/native/cpu/DistributionTemplates.h,
/// aten/src/ATen/core/DistributionsHelper.h @ 01c6eca0907c72b9f378ad5b37340984625fab63): from 16 numbers on, uniform
/// floats are transformed in blocks of 16, and a last block that is not full is drawn anew; below 16, numbers
/// come one by one in double precision and the second of each pair is kept for the next call.
/// Tolerance: to the last bit from 16 numbers on, 1e-7 below (torch's sin, cos and log are the C library's there).
/// Not thread-safe.
/// </remarks>
public sealed class TorchRandom
{
    readonly Mt19937 _bits;
    double? _kept;

    /// <summary>A generator as <c>torch.Generator().manual_seed(seed)</c> leaves it; only the low 32 bits count there, so also here.</summary>
    public TorchRandom(long seed) => _bits = new Mt19937(unchecked((uint)seed));

    /// <summary>Fills a span with normal numbers (mean 0, deviation 1), as one call of <c>torch.randn</c> does.</summary>
    /// <param name="values">The whole tensor, row-major. Two calls for its two halves give other numbers.</param>
    public void Normal(Span<float> values)
    {
        if (values.Length < BoxMuller.Block)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)NormalDouble();
            }

            return;
        }

        Uniform(values);
        for (int i = 0; i <= values.Length - BoxMuller.Block; i += BoxMuller.Block)
        {
            BoxMuller.Transform(values.Slice(i, BoxMuller.Block));
        }

        if (values.Length % BoxMuller.Block != 0)
        {
            var last = values[^BoxMuller.Block..];
            Uniform(last);
            BoxMuller.Transform(last);
        }
    }

    /// <summary>Fills a tensor with normal numbers, as one call of <c>torch.randn</c> does.</summary>
    public void Normal(Tensor values)
    {
        if (values.Device.IsDry)
        {
            return;
        }

        var host = new HostMirror();
        Normal(host.ToWrite(values));
        host.Written(values);
    }

    /// <summary>Writes the state, so that a later <see cref="Restore"/> goes on with the same numbers.</summary>
    public void Save(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        _bits.Save(writer);
        writer.Write(_kept.HasValue);
        writer.Write(_kept ?? 0);
    }

    /// <summary>Restores what <see cref="Save"/> wrote.</summary>
    /// <exception cref="EngineException">That is not a saved state.</exception>
    public void Restore(BinaryReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _bits.Restore(reader);
        bool kept = reader.ReadBoolean();
        double value = reader.ReadDouble();
        _kept = kept ? value : null;
    }

    void Uniform(Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (_bits.Next() & ((1u << 24) - 1)) * (1f / (1 << 24));
        }
    }

    double UniformDouble() => (_bits.Next64() & ((1ul << 53) - 1)) * (1.0 / (1ul << 53));

    double NormalDouble()
    {
        if (_kept is { } kept)
        {
            _kept = null;
            return kept;
        }

        double u1 = UniformDouble();
        double u2 = UniformDouble();

        // 1 - u2 is exact: u2 is a multiple of 2^-53.
        double radius = Math.Sqrt(-2.0 * Math.Log(1.0 - u2));
        double theta = 2.0 * Math.PI * u1;
        _kept = radius * Math.Sin(theta);
        return radius * Math.Cos(theta);
    }
}
