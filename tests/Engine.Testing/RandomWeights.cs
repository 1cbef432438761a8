using System.Runtime.InteropServices;
using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Testing;

/// <summary>Weights for a model of any size, made up on the fly: f32, reproducible, scaled so that signals keep their size.</summary>
/// <remarks>Vectors called <c>gamma</c> are near 1, biases small, and matrices uniform with variance 1 / fan-in.</remarks>
public sealed class RandomWeights : IWeightSource
{
    readonly Dictionary<string, TensorInfo> _tensors = [];

    /// <summary>Makes a source with exactly the tensors that <paramref name="load"/> asks a recording store for.</summary>
    public RandomWeights(Action<WeightStore> load)
    {
        using var device = new DryDevice();
        var store = WeightStore.Recording(device, DType.F32);
        load(store);
        foreach (var (name, shape) in store.Requested)
        {
            _tensors[name] = new TensorInfo(name, DType.F32, [.. shape.ToArray().Select(e => (long)e)], shape.Count * sizeof(float));
        }
    }

    /// <inheritdoc/>
    public string Path => "random weights";

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorInfo> Tensors => _tensors.Values;

    /// <inheritdoc/>
    public TensorInfo? Find(string name) => _tensors.GetValueOrDefault(name);

    /// <inheritdoc/>
    public void Read(TensorInfo tensor, long offset, Span<byte> destination)
    {
        var values = MemoryMarshal.Cast<byte, float>(destination);
        bool gain = tensor.Name.EndsWith("gamma", StringComparison.Ordinal);
        bool bias = tensor.Name.EndsWith("bias", StringComparison.Ordinal);
        double fanIn = tensor.Shape.Skip(1).Aggregate(1.0, (a, b) => a * b);
        float width = gain ? 0.2f : bias ? 0.1f : (float)Math.Sqrt(3 / fanIn);
        float middle = gain ? 1 : 0;
        uint seed = tensor.Name.Aggregate(2166136261u, (hash, letter) => (hash ^ letter) * 16777619);
        uint at = (uint)(offset / sizeof(float));
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = middle + (width * Unit(seed + (at + (uint)i)));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    // A hash of the position, uniform in -1..1.
    static float Unit(uint x)
    {
        x = (x ^ (x >> 16)) * 0x7feb352d;
        x = (x ^ (x >> 15)) * 0x846ca68b;
        x ^= x >> 16;
        return (x * (2f / uint.MaxValue)) - 1;
    }
}
