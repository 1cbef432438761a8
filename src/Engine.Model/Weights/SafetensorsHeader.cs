using System.Text.Json;
using System.Text.Unicode;
using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>Reads and checks the header of a safetensors file; the header is trusted in nothing.</summary>
/// <remarks>
/// Rules of huggingface/safetensors safetensors/src/tensor.rs @ 24b0b2857fef49be734b9ab72ce97c09bb25f5b9. Stricter than it
/// where the format's text is: duplicate names, unknown fields and a header that does not start with '{' are refused.
/// Whatever passes here the reference library accepts too.
/// </remarks>
ref struct SafetensorsHeader
{
    /// <summary>Longest header the format allows, bytes.</summary>
    public const int MaxBytes = 100_000_000;

    const string MetadataName = "__metadata__";

    readonly string _path;
    readonly Dictionary<string, Entry> _entries = [];
    readonly Dictionary<string, string> _metadata = [];
    Utf8JsonReader _reader;

    SafetensorsHeader(string path, ReadOnlySpan<byte> json)
    {
        _path = path;

        // Deeper nesting than metadata and offsets need is refused where it is met, so the limit is never reached.
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
    }

    /// <summary>A tensor and where its bytes are.</summary>
    /// <param name="Info">Name, type, shape and size.</param>
    /// <param name="Begin">First byte, counted from the end of the header.</param>
    public readonly record struct Entry(TensorInfo Info, long Begin);

    /// <summary>Parses a header and checks it against the bytes that follow it.</summary>
    /// <param name="path">File, for messages.</param>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataBytes">Bytes of the file after the header.</param>
    /// <param name="metadata">The free-form strings of <c>__metadata__</c>.</param>
    /// <returns>The tensors by name.</returns>
    /// <exception cref="WeightFileException">Any rule is broken.</exception>
    public static Dictionary<string, Entry> Parse(
        string path, ReadOnlySpan<byte> json, long dataBytes, out Dictionary<string, string> metadata)
    {
        if (!Utf8.IsValid(json))
        {
            throw new WeightFileException(path, "the header is not valid UTF-8.");
        }

        if (json.IsEmpty || json[0] != '{')
        {
            throw new WeightFileException(path, "the header does not start with '{'; is this a safetensors file?");
        }

        var header = new SafetensorsHeader(path, json);
        try
        {
            header.ReadAll();
        }
        catch (JsonException e)
        {
            throw new WeightFileException(path, $"the header is not valid JSON (byte {e.BytePositionInLine} of line {e.LineNumber}).", e);
        }
        catch (InvalidOperationException e)
        {
            throw new WeightFileException(path, "the header has a string with an unpaired surrogate.", e);
        }

        CheckLayout(path, header._entries, dataBytes);
        metadata = header._metadata;
        return header._entries;
    }

    void ReadAll()
    {
        bool metadataSeen = false;
        _reader.Read();
        while (NextName(out string name))
        {
            if (name == MetadataName)
            {
                if (metadataSeen)
                {
                    throw Bad($"{MetadataName} occurs twice.");
                }

                metadataSeen = true;
                ReadMetadata();
            }
            else
            {
                var entry = ReadTensor(name);
                if (!_entries.TryAdd(name, entry))
                {
                    throw Bad($"the tensor {Quote(name)} occurs twice.");
                }
            }
        }

        // One more read lets the JSON reader refuse whatever but white space follows the object.
        _reader.Read();
    }

    bool NextName(out string name)
    {
        _reader.Read();
        bool more = _reader.TokenType == JsonTokenType.PropertyName;
        name = more ? _reader.GetString()! : "";
        return more;
    }

    void ReadMetadata()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            throw Bad($"{MetadataName} must be an object of strings.");
        }

        while (NextName(out string key))
        {
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.String)
            {
                throw Bad($"the entry {Quote(key)} of {MetadataName} is not a string.");
            }

            if (!_metadata.TryAdd(key, _reader.GetString()!))
            {
                throw Bad($"the entry {Quote(key)} of {MetadataName} occurs twice.");
            }
        }
    }

    Entry ReadTensor(string name)
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            throw Bad($"the entry of tensor {Quote(name)} is not an object.");
        }

        DType? type = null;
        List<ulong>? shape = null;
        List<ulong>? offsets = null;
        while (NextName(out string field))
        {
            bool again = field switch
            {
                "dtype" => type is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => throw Bad($"tensor {Quote(name)} has an unknown field {Quote(field)}; allowed are dtype, shape and data_offsets."),
            };
            if (again)
            {
                throw Bad($"tensor {Quote(name)} has two fields {Quote(field)}.");
            }

            switch (field)
            {
                case "dtype":
                    type = ReadType(name);
                    break;
                case "shape":
                    shape = ReadNumbers(name, field);
                    break;
                default:
                    offsets = ReadNumbers(name, field);
                    break;
            }
        }

        if (type is null || shape is null || offsets is null)
        {
            string missing = type is null ? "dtype" : shape is null ? "shape" : "data_offsets";
            throw Bad($"tensor {Quote(name)} has no {missing}.");
        }

        return Check(name, type.Value, shape, offsets);
    }

    DType ReadType(string name)
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.String)
        {
            throw Bad($"the dtype of tensor {Quote(name)} is not a string.");
        }

        string text = _reader.GetString()!;
        return SafetensorsTypes.Parse(text) ?? throw Bad(text.EndsWith("FNUZ", StringComparison.Ordinal)
            ? $"tensor {Quote(name)} has the dtype {Quote(text)}, the 8-bit floats of some AMD devices; use a file in F8_E4M3, BF16 or F16."
            : $"tensor {Quote(name)} has the unknown dtype {Quote(text)}.");
    }

    List<ulong> ReadNumbers(string name, string field)
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            throw Bad($"the {field} of tensor {Quote(name)} is not a list.");
        }

        var numbers = new List<ulong>(5);
        while (true)
        {
            _reader.Read();
            if (_reader.TokenType == JsonTokenType.EndArray)
            {
                return numbers;
            }

            // Only plain digits: the reference takes -0, 1.0 and 1e2 for floats and refuses them.
            if (_reader.TokenType != JsonTokenType.Number
                || _reader.ValueSpan.ContainsAnyExceptInRange((byte)'0', (byte)'9')
                || !_reader.TryGetUInt64(out ulong number))
            {
                throw Bad($"the {field} of tensor {Quote(name)} has an entry that is not a whole number of 0 to 2^64 - 1.");
            }

            numbers.Add(number);
        }
    }

    Entry Check(string name, DType type, List<ulong> shape, List<ulong> offsets)
    {
        if (offsets.Count != 2)
        {
            throw Bad($"the data_offsets of tensor {Quote(name)} have {offsets.Count} entries; it takes 2, begin and end.");
        }

        // The order of the factors matters: [0, 2^63, 2^63] is empty, [2^63, 2^63, 0] overflows, as in the reference.
        ulong count = 1;
        ulong bits;
        try
        {
            foreach (ulong extent in shape)
            {
                count = checked(count * extent);
            }

            bits = checked(count * (ulong)type.Bits());
        }
        catch (OverflowException e)
        {
            throw new WeightFileException(_path, $"the size of tensor {Quote(name)} overflows 64 bits.", e);
        }

        if (bits % 8 != 0)
        {
            throw Bad($"tensor {Quote(name)} has {count} values of {type.ToSafetensors()}, which do not fill whole bytes.");
        }

        ulong begin = offsets[0];
        ulong end = offsets[1];
        if (end < begin)
        {
            throw Bad($"tensor {Quote(name)} ends (at byte {end}) before it begins (at byte {begin}).");
        }

        if (end - begin != bits / 8)
        {
            throw Bad($"tensor {Quote(name)} has {end - begin} bytes; its shape and dtype need {bits / 8}.");
        }

        if (end > long.MaxValue || shape.Exists(extent => extent > long.MaxValue))
        {
            throw Bad($"tensor {Quote(name)} has an extent or an offset beyond 2^63 - 1.");
        }

        var extents = new long[shape.Count];
        for (int i = 0; i < extents.Length; i++)
        {
            extents[i] = (long)shape[i];
        }

        return new Entry(new TensorInfo(name, type, extents, (long)(end - begin)), (long)begin);
    }

    static void CheckLayout(string path, Dictionary<string, Entry> entries, long dataBytes)
    {
        Entry[] order = [.. entries.Values];
        Array.Sort(order, (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.Info.Bytes.CompareTo(b.Info.Bytes));
        long at = 0;
        foreach (var entry in order)
        {
            long end = entry.Begin + entry.Info.Bytes;
            if (end > dataBytes)
            {
                throw new WeightFileException(
                    path, $"tensor {Quote(entry.Info.Name)} ends at byte {end}, but only {dataBytes} bytes follow the header; the file is cut short.");
            }

            if (entry.Begin < at)
            {
                throw new WeightFileException(path, $"tensor {Quote(entry.Info.Name)} overlaps another (it begins at byte {entry.Begin}, before {at}).");
            }

            if (entry.Begin > at)
            {
                throw new WeightFileException(path, $"bytes {at} to {entry.Begin}, before tensor {Quote(entry.Info.Name)}, belong to no tensor.");
            }

            at = end;
        }

        if (at != dataBytes)
        {
            throw new WeightFileException(path, $"{dataBytes - at} bytes follow the last tensor.");
        }
    }

    readonly WeightFileException Bad(string problem) => new(_path, problem);

    /// <summary>A name as messages show it: quoted, cut to a readable length, without control characters.</summary>
    static string Quote(string name) => $"'{Printable.Text(name)}'";
}
