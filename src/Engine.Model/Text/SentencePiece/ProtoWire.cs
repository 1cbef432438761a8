using System.Buffers;
using System.Buffers.Binary;

namespace Engine.Model.Text.SentencePiece;

/// <summary>How a field of a protocol buffer is stored.</summary>
enum WireType
{
    /// <summary>Variable-length integer.</summary>
    Varint = 0,

    /// <summary>Eight bytes.</summary>
    Fixed64 = 1,

    /// <summary>A length, then that many bytes.</summary>
    Bytes = 2,

    /// <summary>Four bytes.</summary>
    Fixed32 = 5,
}

/// <summary>Walks the fields of one protocol buffer message. Every fault is a <see cref="FormatException"/>.</summary>
ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    readonly ReadOnlySpan<byte> _message = message;
    int _at;

    /// <summary>Number of the field that <see cref="Next"/> found.</summary>
    public int Field { get; private set; }

    /// <summary>How that field is stored.</summary>
    public WireType Type { get; private set; }

    /// <summary>Value of a <see cref="WireType.Varint"/> field.</summary>
    public ulong Integer { get; private set; }

    /// <summary>The content of any other field.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>Value of a field that holds an int32 (negative ones are stored as 64 bits).</summary>
    public readonly int Int32 => Type == WireType.Varint ? unchecked((int)Integer) : throw WrongType("an integer");

    /// <summary>Value of a field that holds a bool.</summary>
    public readonly bool Bool => Type == WireType.Varint ? Integer != 0 : throw WrongType("a flag");

    /// <summary>Value of a field that holds a float.</summary>
    public readonly float Single =>
        Type == WireType.Fixed32 ? BinaryPrimitives.ReadSingleLittleEndian(Content) : throw WrongType("a number");

    /// <summary>Value of a field that holds bytes, text or a message.</summary>
    public readonly ReadOnlySpan<byte> Bytes => Type == WireType.Bytes ? Content : throw WrongType("bytes");

    /// <summary>Reads the next field; false at the end.</summary>
    public bool Next()
    {
        if (_at == _message.Length)
        {
            return false;
        }

        ulong key = ReadVarint();
        Field = key >> 3 is > 0 and <= 0x1FFF_FFFF ? (int)(key >> 3) : throw new FormatException($"field number {key >> 3} is not allowed");
        Type = (WireType)(key & 7);
        Content = default;
        switch (Type)
        {
            case WireType.Varint:
                Integer = ReadVarint();
                break;
            case WireType.Fixed64:
                Content = Take(8);
                break;
            case WireType.Fixed32:
                Content = Take(4);
                break;
            case WireType.Bytes:
                Content = Take(ReadVarint());
                break;
            default:
                throw new FormatException($"field {Field} has the unknown wire type {(int)Type}");
        }

        return true;
    }

    readonly FormatException WrongType(string wanted) => new($"field {Field} should hold {wanted}");

    ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(_message.Length - _at))
        {
            throw new FormatException($"field {Field} runs past the end");
        }

        var taken = _message.Slice(_at, (int)length);
        _at += (int)length;
        return taken;
    }

    ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (_at == _message.Length)
            {
                throw new FormatException("it ends inside a number");
            }

            byte part = _message[_at++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw new FormatException("a number is longer than 64 bits");
    }
}

/// <summary>Writes the fields of one protocol buffer message.</summary>
sealed class ProtoWriter
{
    readonly ArrayBufferWriter<byte> _bytes;

    /// <summary>Makes an empty message.</summary>
    /// <param name="capacity">Bytes it is likely to take.</param>
    public ProtoWriter(int capacity = 64) => _bytes = new ArrayBufferWriter<byte>(capacity);

    /// <summary>The message so far.</summary>
    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    /// <summary>Empties the message.</summary>
    public void Clear() => _bytes.ResetWrittenCount();

    /// <summary>Adds an integer or a flag.</summary>
    public void Integer(int field, long value)
    {
        Varint((uint)((field << 3) | (int)WireType.Varint));
        Varint((ulong)value);
    }

    /// <summary>Adds a float.</summary>
    public void Single(int field, float value)
    {
        Varint((uint)((field << 3) | (int)WireType.Fixed32));
        BinaryPrimitives.WriteSingleLittleEndian(_bytes.GetSpan(4), value);
        _bytes.Advance(4);
    }

    /// <summary>Adds bytes, text or a message.</summary>
    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint((uint)((field << 3) | (int)WireType.Bytes));
        Varint((ulong)value.Length);
        _bytes.Write(value);
    }

    void Varint(ulong value)
    {
        var span = _bytes.GetSpan(10);
        int length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        _bytes.Advance(length);
    }
}
