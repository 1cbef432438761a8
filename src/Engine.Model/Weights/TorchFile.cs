using System.Text;
using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>A <c>.pth</c> or <c>.pt</c> file: a zip archive of storages and a pickle that says which tensors they hold.</summary>
/// <remarks>
/// The pickle is interpreted by <see cref="PickleMachine"/>, which can describe tensors and nothing else: no code of the file
/// is ever run. Format: torch/serialization.py and torch/_utils.py of PyTorch 2.x, <c>_rebuild_tensor_v2</c>.
/// </remarks>
public sealed class TorchFile : IWeightSource
{
    // The pickle of UMT5-XXL has 20 kB, of CLIP 60 kB.
    const long MaxPickleBytes = 32 << 20;

    readonly PositionalFile _file;
    readonly Dictionary<string, (TensorInfo Info, long Begin)> _tensors;

    TorchFile(PositionalFile file, Dictionary<string, (TensorInfo Info, long Begin)> tensors)
    {
        _file = file;
        _tensors = tensors;
        Tensors = [.. tensors.Values.Select(tensor => tensor.Info)];
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorInfo> Tensors { get; }

    /// <summary>Opens a file and interprets its pickle; no weights are read.</summary>
    /// <exception cref="WeightFileException">The file is damaged, of another kind, or its pickle does anything but describe tensors.</exception>
    public static TorchFile Open(string path)
    {
        var file = PositionalFile.Open(path, minimum: 4);
        try
        {
            RefuseOtherKinds(file);
            var entries = ZipDirectory.Read(file);
            var pickles = entries.Keys.Where(name => name == "data.pkl" || name.EndsWith("/data.pkl", StringComparison.Ordinal)).ToList();
            if (pickles.Count != 1)
            {
                throw new WeightFileException(path, $"this zip archive has {pickles.Count} members named data.pkl; a torch file has one.");
            }

            string root = pickles[0][..^"data.pkl".Length];
            RequireLittleEndian(file, entries, root);
            byte[] code = ReadSmall(file, entries[pickles[0]], MaxPickleBytes);
            return new TorchFile(file, Locate(path, PickleMachine.Run(path, code), entries, root));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TensorInfo? Find(string name) => _tensors.TryGetValue(name, out var tensor) ? tensor.Info : null;

    /// <inheritdoc/>
    public void Read(TensorInfo tensor, long offset, Span<byte> destination)
    {
        WeightRange.Check(tensor, offset, destination.Length);
        _file.Read(_tensors[tensor.Name].Begin + offset, destination);
    }

    /// <inheritdoc/>
    public Storage? Map(TensorInfo tensor, long offset, long bytes, CpuDevice device)
    {
        WeightRange.Check(tensor, offset, bytes);
        return _file.Map(_tensors[tensor.Name].Begin + offset, bytes, device);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    static void RefuseOtherKinds(PositionalFile file)
    {
        Span<byte> start = stackalloc byte[4];
        file.Read(0, start);
        if (start[0] == 0x80)
        {
            throw new WeightFileException(
                file.Path, "this is a torch file of the old kind (before torch 1.6); load it and save it again with a newer torch, or convert it to safetensors.");
        }

        if (!start.SequenceEqual("PK\x03\x04"u8))
        {
            throw new WeightFileException(file.Path, "this is not a torch file: it does not start as a zip archive.");
        }
    }

    static void RequireLittleEndian(PositionalFile file, Dictionary<string, ZipDirectory.Entry> entries, string root)
    {
        // Files from before torch 2.1 do not say; they were written on little-endian machines all but always.
        if (entries.TryGetValue($"{root}byteorder", out var entry)
            && Encoding.Latin1.GetString(ReadSmall(file, entry, limit: 16)) is var order and not "little")
        {
            throw new WeightFileException(file.Path, $"its values are stored in the byte order '{Printable.Text(order)}'; only little is read.");
        }
    }

    static byte[] ReadSmall(PositionalFile file, ZipDirectory.Entry entry, long limit)
    {
        if (entry.Bytes > limit)
        {
            throw new WeightFileException(file.Path, $"its member '{Printable.Text(entry.Name)}' has {entry.Bytes} bytes; at most {limit} are read.");
        }

        var bytes = new byte[entry.Bytes];
        file.Read(entry.Offset, bytes);
        return Crc32.Of(bytes) == entry.Crc
            ? bytes
            : throw new WeightFileException(file.Path, $"its member '{Printable.Text(entry.Name)}' is damaged: the checksum differs.");
    }

    static Dictionary<string, (TensorInfo Info, long Begin)> Locate(
        string path, object? top, Dictionary<string, ZipDirectory.Entry> entries, string root)
    {
        if (top is not PickleDict state)
        {
            throw new WeightFileException(path, "this torch file holds no dictionary of tensors.");
        }

        var tensors = new Dictionary<string, (TensorInfo Info, long Begin)>(state.Items.Count);
        foreach (var (name, value) in state.Items)
        {
            if (value is not PickleTensor tensor)
            {
                throw new WeightFileException(path, $"the entry '{Printable.Text(name)}' of this torch file is not a tensor; save the state_dict alone.");
            }

            tensors.Add(name, Locate(path, name, tensor, entries, root));
        }

        return tensors;
    }

    static (TensorInfo Info, long Begin) Locate(
        string path, string name, PickleTensor tensor, Dictionary<string, ZipDirectory.Entry> entries, string root)
    {
        var storage = tensor.Storage;
        string shown = $"the tensor '{Printable.Text(name)}'";
        if (!entries.TryGetValue($"{root}data/{storage.Key}", out var entry))
        {
            throw new WeightFileException(path, $"{shown} lies in the member data/{Printable.Text(storage.Key)}, which the archive lacks.");
        }

        int size = storage.Type.Bits() / 8;
        if (entry.Bytes % size != 0 || entry.Bytes / size != storage.Count)
        {
            throw new WeightFileException(
                path, $"{shown} lies in a storage of {storage.Count} values of {storage.Type}, but its member has {entry.Bytes} bytes.");
        }

        long count = 1;
        bool dense = true;
        try
        {
            for (int i = tensor.Shape.Length - 1; i >= 0; i--)
            {
                dense &= tensor.Shape[i] == 1 || tensor.Strides[i] == count;
                count = checked(count * tensor.Shape[i]);
            }
        }
        catch (OverflowException e)
        {
            throw new WeightFileException(path, $"the size of {shown} overflows 63 bits.", e);
        }

        if (!dense && count != 0)
        {
            throw new WeightFileException(path, $"{shown} is not stored row by row; save it again after calling contiguous() on it.");
        }

        if (tensor.Offset > storage.Count || count > storage.Count - tensor.Offset)
        {
            throw new WeightFileException(path, $"{shown} reaches beyond the end of its storage.");
        }

        var info = new TensorInfo(name, storage.Type, tensor.Shape, count * size);
        return (info, entry.Offset + (tensor.Offset * size));
    }
}
