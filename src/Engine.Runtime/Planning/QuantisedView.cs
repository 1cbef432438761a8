using Engine.Kernels;
using Engine.Model.Conversion;
using Engine.Model.Weights;

namespace Engine.Runtime.Planning;

/// <summary>A transformer's file as it would be with the matrices of its blocks in another format; for counting only, it has no bytes.</summary>
sealed class QuantisedView : IWeightSource
{
    readonly IWeightSource _inner;
    readonly Dictionary<string, TensorInfo> _tensors;

    /// <summary>Shows a file in another format.</summary>
    /// <param name="inner">The file, in canonical names; owned from now on.</param>
    /// <param name="type">The format.</param>
    public QuantisedView(IWeightSource inner, DType type)
    {
        _inner = inner;
        _tensors = inner.Tensors.ToDictionary(t => t.Name, t => Shown(t, type), StringComparer.Ordinal);
    }

    public string Path => _inner.Path;

    public IReadOnlyCollection<TensorInfo> Tensors => _tensors.Values;

    public TensorInfo? Find(string name) => _tensors.GetValueOrDefault(name);

    public void Read(TensorInfo tensor, long offset, Span<byte> destination) => throw new InvalidOperationException("This view counts; it has no bytes.");

    public void Dispose() => _inner.Dispose();

    static TensorInfo Shown(TensorInfo tensor, DType type)
    {
        var target = WeightConversion.TypeOf(tensor, type);
        return target == tensor.Type ? tensor : tensor with { Type = target, Bytes = target.Bytes(tensor.Shape.Aggregate(1L, (a, b) => a * b)) };
    }
}
