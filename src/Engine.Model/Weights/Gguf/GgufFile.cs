using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>A GGUF file, versions 2 and 3: typed key/value pairs, tensor descriptions, then aligned tensor data.</summary>
/// <remarks>
/// Format: ggml-org/ggml <c>docs/gguf.md</c>. Nothing in the file is trusted: every count and length is checked against what is
/// left of the header, every tensor against the file's end and its neighbours. Tensors of rank 5 (the patch embedding) are stored
/// flattened with their shape under <c>comfy.gguf.orig_shape.NAME</c>, as city96/ComfyUI-GGUF writes them; they are given back whole.
/// </remarks>
public sealed class GgufFile : IWeightSource
{
    /// <summary>Key prefix of the shapes of flattened tensors.</summary>
    public const string OriginalShapeKey = "comfy.gguf.orig_shape.";

    const int DefaultAlignment = 32;

    readonly PositionalFile _file;
    readonly Dictionary<string, Entry> _entries;

    GgufFile(PositionalFile file, Dictionary<string, object> fields, Dictionary<string, Entry> entries)
    {
        _file = file;
        _entries = entries;
        Fields = fields;
        Tensors = [.. entries.Values.Select(e => e.Info)];
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <summary>Key/value pairs: strings, numbers, booleans, or lists of those.</summary>
    public IReadOnlyDictionary<string, object> Fields { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorInfo> Tensors { get; }

    /// <summary>True when the file begins as a GGUF file does.</summary>
    public static bool IsGguf(ReadOnlySpan<byte> start) => start.StartsWith("GGUF"u8);

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="WeightFileException">The file is missing, unreadable, or breaks a rule of the format.</exception>
    public static GgufFile Open(string path)
    {
        var file = PositionalFile.Open(path, minimum: 24);
        try
        {
            var reader = new GgufReader(file);
            if (!IsGguf(reader.Bytes(4)))
            {
                throw new WeightFileException(path, "this is not a GGUF file (it does not begin with 'GGUF').");
            }

            uint version = reader.UInt32();
            if (version is not (2 or 3))
            {
                throw new WeightFileException(path, $"GGUF version {version} is not known; versions 2 and 3 are.");
            }

            ulong tensors = reader.Count("tensors", smallest: 24);
            ulong pairs = reader.Count("key/value pairs", smallest: 13);
            var fields = new Dictionary<string, object>(StringComparer.Ordinal);
            for (ulong i = 0; i < pairs; i++)
            {
                string key = reader.Text("key");
                if (!fields.TryAdd(key, reader.Value(reader.UInt32(), depth: 0)))
                {
                    throw new WeightFileException(path, $"the key '{Printable.Text(key)}' stands twice.");
                }
            }

            return new GgufFile(file, fields, ReadTensors(file, reader, tensors, fields));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TensorInfo? Find(string name) => _entries.GetValueOrDefault(name)?.Info;

    /// <inheritdoc/>
    public void Read(TensorInfo tensor, long offset, Span<byte> destination)
    {
        WeightRange.Check(tensor, offset, destination.Length);
        _file.Read(_entries[tensor.Name].Begin + offset, destination);
    }

    /// <inheritdoc/>
    public Storage? Map(TensorInfo tensor, long offset, long bytes, CpuDevice device)
    {
        WeightRange.Check(tensor, offset, bytes);
        return _file.Map(_entries[tensor.Name].Begin + offset, bytes, device);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    static Dictionary<string, Entry> ReadTensors(PositionalFile file, GgufReader reader, ulong count, Dictionary<string, object> fields)
    {
        var raw = new List<(string Name, DType Type, long[] Shape, ulong Offset)>();
        for (ulong i = 0; i < count; i++)
        {
            string name = reader.Text("tensor name");
            uint rank = reader.UInt32();
            if (rank > Shape.MaxRank)
            {
                throw new WeightFileException(file.Path, $"tensor '{Printable.Text(name)}' has {rank} axes; at most {Shape.MaxRank} are read.");
            }

            // GGUF writes the innermost extent first.
            var shape = new long[rank];
            for (int axis = (int)rank - 1; axis >= 0; axis--)
            {
                shape[axis] = checked((long)Math.Min(reader.UInt64(), long.MaxValue));
            }

            uint type = reader.UInt32();
            raw.Add((name, TypeOf(file.Path, name, type), shape, reader.UInt64()));
        }

        long alignment = Alignment(file.Path, fields);
        long start = (reader.Position + alignment - 1) / alignment * alignment;
        var entries = new Dictionary<string, Entry>(StringComparer.Ordinal);
        foreach (var (name, type, shape, offset) in raw)
        {
            long bytes = Size(file.Path, name, type, shape);
            if (offset % (ulong)alignment != 0 || offset > (ulong)file.Length || bytes > file.Length - start - (long)offset)
            {
                throw new WeightFileException(
                    file.Path, $"tensor '{Printable.Text(name)}' claims {bytes} bytes at offset {offset}, which the file's {file.Length} bytes do not hold.");
            }

            var info = new TensorInfo(name, type, OriginalShape(file.Path, name, shape, fields), bytes);
            if (!entries.TryAdd(name, new Entry(info, start + (long)offset)))
            {
                throw new WeightFileException(file.Path, $"the tensor '{Printable.Text(name)}' stands twice.");
            }
        }

        RefuseOverlaps(file.Path, entries);
        return entries;
    }

    static void RefuseOverlaps(string path, Dictionary<string, Entry> entries)
    {
        Entry? last = null;
        foreach (var entry in entries.Values.Where(e => e.Info.Bytes > 0).OrderBy(e => e.Begin))
        {
            if (last is not null && last.Begin + last.Info.Bytes > entry.Begin)
            {
                throw new WeightFileException(path, $"the tensors '{Printable.Text(last.Info.Name)}' and '{Printable.Text(entry.Info.Name)}' overlap.");
            }

            last = entry;
        }
    }

    static long Size(string path, string name, DType type, long[] shape)
    {
        try
        {
            long count = 1;
            foreach (long extent in shape)
            {
                count = checked(count * extent);
            }

            // Blocks lie along the innermost axis, so each row holds whole ones.
            int values = type.Block().Values;
            if (values > 1 && (shape.Length == 0 || shape[^1] % values != 0))
            {
                throw new WeightFileException(path, $"tensor '{Printable.Text(name)}' has rows that are not whole {type} blocks of {values} values.");
            }

            return type.Bytes(count);
        }
        catch (OverflowException e)
        {
            throw new WeightFileException(path, $"tensor '{Printable.Text(name)}' is larger than any file.", e);
        }
    }

    static long[] OriginalShape(string path, string name, long[] shape, Dictionary<string, object> fields)
    {
        if (!fields.TryGetValue(OriginalShapeKey + name, out object? value))
        {
            return shape;
        }

        bool fits = value is IReadOnlyList<object> { Count: > 0 and <= Shape.MaxRank } list && list.All(e => e is int or long or uint or ulong);
        long[] original = fits ? [.. ((IReadOnlyList<object>)value).Select(e => Convert.ToInt64(e, null))] : [];
        long count = 1;
        foreach (long extent in original)
        {
            count = extent is > 0 and < int.MaxValue && count < long.MaxValue / extent ? count * extent : 0;
        }

        return fits && count == shape.Aggregate(1L, (a, b) => a * b)
            ? original
            : throw new WeightFileException(path, $"the original shape of tensor '{Printable.Text(name)}' does not fit its size.");
    }

    static long Alignment(string path, Dictionary<string, object> fields)
    {
        if (!fields.TryGetValue("general.alignment", out object? value))
        {
            return DefaultAlignment;
        }

        return value is uint and > 0 and <= 1 << 20 && (uint)value % 8 == 0
            ? (uint)value
            : throw new WeightFileException(path, "general.alignment is not a multiple of 8 up to 1048576.");
    }

    static DType TypeOf(string path, string name, uint type) => type switch
    {
        0 => DType.F32,
        1 => DType.F16,
        2 => DType.Q4_0,
        3 => DType.Q4_1,
        6 => DType.Q5_0,
        7 => DType.Q5_1,
        8 => DType.Q8_0,
        10 => DType.Q2_K,
        11 => DType.Q3_K,
        12 => DType.Q4_K,
        13 => DType.Q5_K,
        14 => DType.Q6_K,
        24 => DType.I8,
        25 => DType.I16,
        26 => DType.I32,
        27 => DType.I64,
        28 => DType.F64,
        30 => DType.BF16,
        _ => throw new WeightFileException(
            path, $"tensor '{Printable.Text(name)}' has the GGML type {type}; F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 and Q2_K to Q6_K are read."),
    };

    sealed record Entry(TensorInfo Info, long Begin);
}
