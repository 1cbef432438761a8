using System.Buffers.Binary;
using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>A safetensors file: a JSON header, then the bytes of the tensors without gaps.</summary>
/// <remarks>
/// Opening reads and checks the header only; tensors are read by position when they are asked for.
/// <see cref="SafetensorsHeader"/> says what is refused.
/// </remarks>
public sealed class SafetensorsFile : IWeightSource
{
    const int LengthBytes = 8;

    readonly PositionalFile _file;
    readonly Dictionary<string, SafetensorsHeader.Entry> _entries;
    readonly long _dataStart;

    SafetensorsFile(
        PositionalFile file, Dictionary<string, SafetensorsHeader.Entry> entries, Dictionary<string, string> metadata, long dataStart)
    {
        _file = file;
        _entries = entries;
        _dataStart = dataStart;
        Metadata = metadata;
        Tensors = [.. entries.Values.Select(entry => entry.Info)];
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <summary>The free-form strings that the writer put into the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Every tensor, in the header's order.</summary>
    public IReadOnlyCollection<TensorInfo> Tensors { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="WeightFileException">The file is missing, unreadable, or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = PositionalFile.Open(path, minimum: LengthBytes);
        try
        {
            Span<byte> prefix = stackalloc byte[LengthBytes];
            file.Read(0, prefix);
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (length > SafetensorsHeader.MaxBytes)
            {
                throw new WeightFileException(
                    path, $"the header claims {length} bytes; the format allows at most {SafetensorsHeader.MaxBytes}. Is this a safetensors file?");
            }

            long dataStart = LengthBytes + (long)length;
            if (dataStart > file.Length)
            {
                throw new WeightFileException(path, $"the header claims {length} bytes, but the file has only {file.Length - LengthBytes} after the length.");
            }

            var json = new byte[length];
            file.Read(LengthBytes, json);
            var entries = SafetensorsHeader.Parse(path, json, file.Length - dataStart, out var metadata);
            return new SafetensorsFile(file, entries, metadata, dataStart);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TensorInfo? Find(string name) => _entries.TryGetValue(name, out var entry) ? entry.Info : null;

    /// <inheritdoc/>
    public void Read(TensorInfo tensor, long offset, Span<byte> destination)
    {
        var entry = _entries[tensor.Name];
        WeightRange.Check(tensor, offset, destination.Length);
        _file.Read(_dataStart + entry.Begin + offset, destination);
    }

    /// <inheritdoc/>
    public Storage? Map(TensorInfo tensor, long offset, long bytes, CpuDevice device)
    {
        WeightRange.Check(tensor, offset, bytes);
        return _file.Map(_dataStart + _entries[tensor.Name].Begin + offset, bytes, device);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
