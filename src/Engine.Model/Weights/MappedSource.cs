using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>Shows the tensors of another source under other names and shapes, whole or in slices of rows.</summary>
/// <remarks>It owns the source it maps.</remarks>
sealed class MappedSource : IWeightSource
{
    readonly IWeightSource _inner;
    readonly Dictionary<string, Entry> _entries = [];

    /// <summary>Maps a source.</summary>
    /// <param name="inner">Where the bytes are; owned from now on.</param>
    /// <param name="entries">What to show.</param>
    /// <exception cref="WeightFileException">Two tensors would get one name.</exception>
    public MappedSource(IWeightSource inner, IEnumerable<Entry> entries)
    {
        _inner = inner;
        foreach (var entry in entries)
        {
            if (!_entries.TryAdd(entry.Shown.Name, entry))
            {
                string first = _entries[entry.Shown.Name].Stored.Name;
                throw new WeightFileException(
                    Path, $"the tensors '{Printable.Text(first)}' and '{Printable.Text(entry.Stored.Name)}' are two names of one weight.");
            }
        }

        Tensors = [.. _entries.Values.Select(entry => entry.Shown)];
    }

    /// <summary>One tensor.</summary>
    /// <param name="Shown">As this source shows it.</param>
    /// <param name="Stored">As the inner source has it.</param>
    /// <param name="Offset">Where the shown bytes begin in the stored ones.</param>
    public readonly record struct Entry(TensorInfo Shown, TensorInfo Stored, long Offset);

    public string Path => _inner.Path;

    public IReadOnlyCollection<TensorInfo> Tensors { get; }

    public TensorInfo? Find(string name) => _entries.TryGetValue(name, out var entry) ? entry.Shown : null;

    /// <summary>The name that a shown tensor has in its file.</summary>
    public string StoredName(string name)
    {
        string stored = _entries[name].Stored.Name;
        return _inner is MappedSource mapped ? mapped.StoredName(stored) : stored;
    }

    public void Read(TensorInfo tensor, long offset, Span<byte> destination)
    {
        var entry = _entries[tensor.Name];
        WeightRange.Check(entry.Shown, offset, destination.Length);
        _inner.Read(entry.Stored, entry.Offset + offset, destination);
    }

    public Storage? Map(TensorInfo tensor, long offset, long bytes, CpuDevice device)
    {
        var entry = _entries[tensor.Name];
        WeightRange.Check(entry.Shown, offset, bytes);
        return _inner.Map(entry.Stored, entry.Offset + offset, bytes, device);
    }

    public void Dispose() => _inner.Dispose();
}
