using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>Names and shapes of a set of tensors, as sizes are inferred from them.</summary>
sealed class ShapeTable
{
    // Far above any model there is; so that sizes can be multiplied without overflow.
    const int MaxExtent = 1 << 24;

    readonly Dictionary<string, IReadOnlyList<long>> _shapes;

    public ShapeTable(string path, IEnumerable<TensorInfo> tensors)
    {
        Path = path;
        _shapes = [];
        foreach (var tensor in tensors)
        {
            _shapes.TryAdd(tensor.Name, tensor.Shape);
        }
    }

    /// <summary>File or folder, for messages.</summary>
    public string Path { get; }

    /// <summary>True when there is a tensor of that name.</summary>
    public bool Has(string name) => _shapes.ContainsKey(name);

    /// <summary>One extent of a tensor, 1 to <paramref name="maximum"/>; negative axes count from the end.</summary>
    /// <exception cref="WeightFileException">There is no such tensor, axis, or sensible extent.</exception>
    public int Extent(string name, int axis, int maximum = MaxExtent)
    {
        if (!_shapes.TryGetValue(name, out var shape))
        {
            throw new WeightFileException(Path, $"the sizes of the model cannot be told: the tensor {name} is missing.");
        }

        int at = axis < 0 ? axis + shape.Count : axis;
        return at >= 0 && at < shape.Count && shape[at] > 0 && shape[at] <= maximum
            ? (int)shape[at]
            : throw new WeightFileException(Path, $"the sizes of the model cannot be told: {name} has the shape [{string.Join(", ", shape)}].");
    }

    /// <summary>One more than the highest number N for which a tensor <c>PREFIX.N.*</c> exists; 0 without any.</summary>
    public int Count(string prefix)
    {
        string start = $"{prefix}.";
        int count = 0;
        foreach (string name in _shapes.Keys)
        {
            if (name.StartsWith(start, StringComparison.Ordinal))
            {
                var rest = name.AsSpan(start.Length);
                int dot = rest.IndexOf('.');
                if (dot is > 0 and < 5 && int.TryParse(rest[..dot], out int number) && number >= 0)
                {
                    count = Math.Max(count, number + 1);
                }
            }
        }

        return count;
    }
}
