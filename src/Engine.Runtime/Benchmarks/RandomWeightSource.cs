using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Runtime.Benchmarks;

/// <summary>A checkpoint that exists nowhere: the right names and shapes, with small values made up as they are read.</summary>
/// <remarks>Reading the same bytes twice gives the same values, so that results can be compared between machines.</remarks>
sealed class RandomWeightSource : IWeightSource
{
    readonly Dictionary<string, TensorInfo> _tensors;

    /// <summary>Makes a source of the given tensors.</summary>
    /// <param name="tensors">Names and shapes.</param>
    /// <param name="matrices">Stored type of the matrices; small vectors are stored in f32.</param>
    public RandomWeightSource(IEnumerable<(string Name, Shape Shape)> tensors, DType matrices)
    {
        _tensors = tensors.Select(t => Describe(t.Name, t.Shape, matrices)).ToDictionary(t => t.Name, StringComparer.Ordinal);
        Tensors = _tensors.Values;
    }

    /// <inheritdoc/>
    public string Path => "random weights";

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorInfo> Tensors { get; }

    /// <inheritdoc/>
    public TensorInfo? Find(string name) => _tensors.GetValueOrDefault(name);

    /// <inheritdoc/>
    public void Read(TensorInfo tensor, long offset, Span<byte> destination) => RandomValues.Fill(tensor.Type, destination, (uint)(offset >> 3));

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    static TensorInfo Describe(string name, Shape shape, DType matrices)
    {
        long[] extents = [.. shape.ToArray().Select(e => (long)e)];
        var type = extents.Count(e => e > 1) >= 2 ? matrices : DType.F32;
        return new TensorInfo(name, type, extents, type.Bytes(shape.Count));
    }
}
