using System.Buffers.Binary;
using System.Text;

namespace Engine.Model.Weights;

/// <summary>Reads the header of a GGUF file front to back, through a small buffer.</summary>
sealed class GgufReader(PositionalFile file)
{
    const int MaxTextBytes = 1 << 20;
    const int MaxDepth = 2;

    // The largest vocabularies have a quarter of a million entries, listed a few times over.
    const int MaxEntries = 2_000_000;

    readonly byte[] _buffer = new byte[1 << 16];
    int _entries;
    long _bufferStart;
    int _bufferLength;

    public long Position { get; private set; }

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    /// <summary>A count of things of which each takes at least <paramref name="smallest"/> bytes, so that the file bounds it.</summary>
    public ulong Count(string what, ulong smallest)
    {
        ulong count = UInt64();
        return count <= (ulong)(file.Length - Position) / smallest
            ? count
            : throw new WeightFileException(file.Path, $"the header claims {count} {what}, more than the file can hold.");
    }

    /// <summary>The next bytes; valid until the next read.</summary>
    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count > file.Length - Position)
        {
            throw new WeightFileException(file.Path, $"the header ends in the middle, at byte {file.Length}.");
        }

        if (Position < _bufferStart || Position + count > _bufferStart + _bufferLength)
        {
            _bufferStart = Position;
            _bufferLength = (int)Math.Min(_buffer.Length, file.Length - Position);
            file.Read(_bufferStart, _buffer.AsSpan(0, _bufferLength));
        }

        var bytes = _buffer.AsSpan((int)(Position - _bufferStart), count);
        Position += count;
        return bytes;
    }

    public string Text(string what)
    {
        ulong length = UInt64();
        if (length > MaxTextBytes || length > (ulong)(file.Length - Position))
        {
            throw new WeightFileException(file.Path, $"a {what} claims {length} bytes; at most {MaxTextBytes} are read, and the file must hold them.");
        }

        var bytes = new byte[length];
        for (int done = 0; done < bytes.Length;)
        {
            int now = Math.Min(bytes.Length - done, _buffer.Length);
            Bytes(now).CopyTo(bytes.AsSpan(done));
            done += now;
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new WeightFileException(file.Path, $"a {what} is not valid UTF-8.", e);
        }
    }

    public object Value(uint type, int depth) => type switch
    {
        0 => (uint)Bytes(1)[0],
        1 => (int)(sbyte)Bytes(1)[0],
        2 => (uint)BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2)),
        3 => (int)BinaryPrimitives.ReadInt16LittleEndian(Bytes(2)),
        4 => UInt32(),
        5 => BinaryPrimitives.ReadInt32LittleEndian(Bytes(4)),
        6 => BinaryPrimitives.ReadSingleLittleEndian(Bytes(4)),
        7 => Bytes(1)[0] switch
        {
            0 => false,
            1 => true,
            _ => throw new WeightFileException(file.Path, "a boolean is neither 0 nor 1."),
        },
        8 => Text("value"),
        9 when depth < MaxDepth => List(depth),
        10 => UInt64(),
        11 => BinaryPrimitives.ReadInt64LittleEndian(Bytes(8)),
        12 => BinaryPrimitives.ReadDoubleLittleEndian(Bytes(8)),
        _ => throw new WeightFileException(file.Path, $"a value has the unknown or too deeply nested type {type}."),
    };

    List<object> List(int depth)
    {
        uint type = UInt32();
        ulong count = Count("list entries", smallest: 1);
        if (count > (ulong)(MaxEntries - _entries))
        {
            throw new WeightFileException(file.Path, $"the header's lists have more than {MaxEntries} entries.");
        }

        _entries += (int)count;
        var list = new List<object>();
        for (ulong i = 0; i < count; i++)
        {
            list.Add(Value(type, depth + 1));
        }

        return list;
    }
}
