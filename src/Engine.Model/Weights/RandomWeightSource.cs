using System.Numerics;
using System.Runtime.InteropServices;
using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>A checkpoint of any size made of random values that are computed when they are read, and never held.</summary>
/// <remarks>
/// For benchmarks and plans. Norm gains are 1, biases and tables small, matrices uniform with a standard deviation of
/// 1 / sqrt(inputs), so that activations keep their size through any depth. Every read of the same bytes gives the same values.
/// </remarks>
public sealed class RandomWeightSource : IWeightSource
{
    // Runs of this many values are copied from a pool that is random and long enough that the runs hardly repeat.
    const int RunValues = 1024;
    const int PoolValues = 1 << 17;
    const float SmallScale = 0.02f;

    readonly Dictionary<string, Entry> _entries = [];
    readonly Dictionary<(DType Type, float Scale), byte[]> _pools = [];
    readonly ulong _seed;

    /// <summary>Makes a source.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="tensors">Names and shapes, e.g. of <c>ExpectedTensors.Of</c>.</param>
    /// <param name="matrices">
    /// Type of the matrices: F32, BF16, F16, one of the 8-bit floats, Q8_0 or Q4_K. Vectors are F32, and so are matrices whose rows no
    /// whole blocks fill, as in GGUF files.
    /// </param>
    /// <param name="seed">Another seed gives other values.</param>
    public RandomWeightSource(string name, IEnumerable<(string Name, Shape Shape)> tensors, DType matrices, ulong seed = 0)
    {
        if (!matrices.IsWeightType() || (matrices.IsBlockType() && !RandomBlocks.Makes(matrices)))
        {
            throw new ArgumentException($"Random weights come as F32, BF16, F16, F8_E4M3, F8_E5M2, Q8_0 or Q4_K, not as {matrices}.", nameof(matrices));
        }

        Path = name;
        _seed = seed;
        foreach (var (tensor, shape) in tensors)
        {
            bool matrix = shape.ToArray().Count(extent => extent > 1) >= 2;
            var type = matrix && shape.Count / shape[0] % matrices.Block().Values == 0 ? matrices : DType.F32;
            float scale = Scale(tensor, shape);
            if (!_pools.ContainsKey((type, scale)))
            {
                _pools.Add((type, scale), MakePool(type, scale, seed));
            }

            long[] extents = [.. shape.ToArray().Select(extent => (long)extent)];
            _entries.Add(tensor, new Entry(new TensorInfo(tensor, type, extents, type.Bytes(shape.Count)), (ulong)_entries.Count, scale));
        }

        Tensors = [.. _entries.Values.Select(entry => entry.Info)];
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorInfo> Tensors { get; }

    /// <inheritdoc/>
    public TensorInfo? Find(string name) => _entries.TryGetValue(name, out var entry) ? entry.Info : null;

    /// <inheritdoc/>
    public void Read(TensorInfo tensor, long offset, Span<byte> destination)
    {
        WeightRange.Check(tensor, offset, destination.Length);
        var entry = _entries[tensor.Name];
        var pool = _pools[(tensor.Type, entry.Scale)].AsSpan();
        var (values, bytes) = tensor.Type.Block();
        int runBytes = RunValues / values * bytes;
        while (!destination.IsEmpty)
        {
            long run = offset / runBytes;
            int skip = (int)(offset % runBytes);
            int now = Math.Min(runBytes - skip, destination.Length);
            ulong start = Mix(_seed ^ (entry.Index << 40) ^ (ulong)run) % (ulong)((PoolValues - RunValues) / values);
            pool.Slice(((int)start * bytes) + skip, now).CopyTo(destination);
            destination = destination[now..];
            offset += now;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    // 0 stands for "all ones": a norm's gain.
    static float Scale(string name, Shape shape)
    {
        bool norm = name.Contains("norm", StringComparison.Ordinal) || name.Contains("layrnorm", StringComparison.Ordinal);
        if (name.EndsWith(".gamma", StringComparison.Ordinal) || (norm && shape.Rank <= 1 && name.EndsWith(".weight", StringComparison.Ordinal)))
        {
            return 0;
        }

        bool matrix = shape.Rank >= 2 && shape[0] > 0 && name.EndsWith(".weight", StringComparison.Ordinal);
        return matrix ? 1 / MathF.Sqrt(Math.Max(1, shape.Count / shape[0])) : SmallScale;
    }

    static byte[] MakePool(DType type, float scale, ulong seed)
    {
        if (type.IsBlockType())
        {
            var blocks = new byte[type.Bytes(PoolValues)];
            RandomBlocks.Fill(type, blocks, scale, seed);
            return blocks;
        }

        var values = new float[PoolValues];
        float range = scale * MathF.Sqrt(3);
        for (int i = 0; i < values.Length; i++)
        {
            float unit = (Mix(seed + 1 + (ulong)i) >> 40) * (1f / (1 << 24));
            values[i] = scale == 0 ? 1 : ((2 * unit) - 1) * range;
        }

        return type switch
        {
            DType.F32 => MemoryMarshal.AsBytes(values.AsSpan()).ToArray(),
            DType.F8E4M3 => Array.ConvertAll(values, value => Nearest(Float8.FromE4M3, value)),
            DType.F8E5M2 => Array.ConvertAll(values, value => Nearest(Float8.FromE5M2, value)),
            DType.F16 => MemoryMarshal.AsBytes(Array.ConvertAll(values, value => (Half)value).AsSpan()).ToArray(),
            _ => MemoryMarshal.AsBytes(Array.ConvertAll(values, ToBFloat16).AsSpan()).ToArray(),
        };
    }

    static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    // The magnitudes of both 8-bit formats grow with their lower seven bits.
    static byte Nearest(Func<byte, float> widen, float value)
    {
        float magnitude = MathF.Abs(value);
        byte low = 0;
        for (int bit = 64; bit > 0; bit >>= 1)
        {
            low = widen((byte)(low | bit)) <= magnitude ? (byte)(low | bit) : low;
        }

        bool up = widen((byte)(low + 1)) - magnitude < magnitude - widen(low);
        return (byte)((up ? low + 1 : low) | (value < 0 ? 128 : 0));
    }

    /// <summary>SplitMix64's output function.</summary>
    internal static ulong Mix(ulong value)
    {
        ulong z = value * 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return BitOperations.RotateLeft(z ^ (z >> 31), 17);
    }

    sealed record Entry(TensorInfo Info, ulong Index, float Scale);
}
