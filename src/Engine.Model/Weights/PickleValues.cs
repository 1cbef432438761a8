using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>A name that a pickle refers to, e.g. <c>torch.FloatStorage</c>. It is looked up in a fixed list and never imported.</summary>
sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Printable.Text(Module, 60)}.{Printable.Text(Name, 60)}";
}

/// <summary>A tuple.</summary>
sealed record PickleTuple(object?[] Items);

/// <summary>A list.</summary>
sealed class PickleList
{
    public List<object?> Items { get; } = [];
}

/// <summary>A dict or OrderedDict with string keys, in the order of insertion.</summary>
sealed class PickleDict
{
    public Dictionary<string, object?> Items { get; } = [];
}

/// <summary>Bytes of tensors: a member <c>data/KEY</c> of the archive.</summary>
sealed record PickleStorage(string Key, DType Type, long Count);

/// <summary>A view of a storage.</summary>
/// <param name="Storage">The bytes.</param>
/// <param name="Offset">First value, counted in values.</param>
/// <param name="Shape">Extents, outermost first.</param>
/// <param name="Strides">Values from one entry of an axis to the next.</param>
sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Strides);
