using System.Buffers.Binary;
using System.Text;

namespace Engine.Model.Weights;

/// <summary>The entries of a zip archive whose members are stored, not compressed; read by position and trusted in nothing.</summary>
/// <remarks>PKWARE APPNOTE 6.3: end record, zip64 end record and locator, central directory, local headers.</remarks>
static class ZipDirectory
{
    const uint LocalSignature = 0x04034b50;
    const uint CentralSignature = 0x02014b50;
    const uint EndSignature = 0x06054b50;
    const uint End64Signature = 0x06064b50;
    const uint Locator64Signature = 0x07064b50;

    const int LocalBytes = 30;
    const int CentralBytes = 46;
    const int EndBytes = 22;
    const int End64Bytes = 56;
    const int Locator64Bytes = 20;
    const int MaxCommentBytes = ushort.MaxValue;

    // A checkpoint has a few thousand members of about a hundred bytes each.
    const long MaxDirectoryBytes = 8 << 20;

    /// <summary>One stored member.</summary>
    /// <param name="Name">Name in the archive.</param>
    /// <param name="Offset">First byte of its content in the file.</param>
    /// <param name="Bytes">Length of its content.</param>
    /// <param name="Crc">CRC-32 of its content, as the archive claims.</param>
    public readonly record struct Entry(string Name, long Offset, long Bytes, uint Crc);

    /// <summary>Reads and checks the directory.</summary>
    /// <exception cref="WeightFileException">The archive is damaged, or uses what the engine does not read.</exception>
    public static Dictionary<string, Entry> Read(PositionalFile file)
    {
        var (start, length, count) = FindDirectory(file);
        if (length > MaxDirectoryBytes)
        {
            throw Bad(file, $"its directory claims {length} bytes; at most {MaxDirectoryBytes} are read.");
        }

        if (start < 0 || length < 0 || start > file.Length - length || count > (ulong)(length / CentralBytes))
        {
            throw Bad(file, "its directory lies outside the file.");
        }

        var directory = new byte[length];
        file.Read(start, directory);
        var entries = new Dictionary<string, Entry>();
        var rest = directory.AsSpan();
        for (ulong i = 0; i < count; i++)
        {
            var entry = ReadEntry(file, ref rest, start);
            if (!entries.TryAdd(entry.Name, entry))
            {
                throw Bad(file, $"it has two members named '{Printable.Text(entry.Name)}'.");
            }
        }

        if (!rest.IsEmpty)
        {
            throw Bad(file, $"its directory has {rest.Length} bytes after the last entry.");
        }

        RefuseOverlaps(file, entries);
        return entries;
    }

    static (long Start, long Length, ulong Count) FindDirectory(PositionalFile file)
    {
        int tailBytes = (int)Math.Min(file.Length, EndBytes + MaxCommentBytes);
        var tail = new byte[tailBytes];
        long tailStart = file.Length - tailBytes;
        file.Read(tailStart, tail);
        for (int at = tailBytes - EndBytes; at >= 0; at--)
        {
            var end = tail.AsSpan(at);
            if (U32(end, 0) == EndSignature && U16(end, 20) == end.Length - EndBytes)
            {
                return ReadEnd(file, end, tailStart + at);
            }
        }

        throw Bad(file, "it has no zip end record; is it cut short?");
    }

    static (long Start, long Length, ulong Count) ReadEnd(PositionalFile file, ReadOnlySpan<byte> end, long endAt)
    {
        ulong count = U16(end, 10);
        ulong length = U32(end, 12);
        ulong start = U32(end, 16);
        bool wide = count == ushort.MaxValue || length == uint.MaxValue || start == uint.MaxValue;
        bool split = (U16(end, 4) != 0 || U16(end, 6) != 0 || U16(end, 8) != count) && !wide;
        if (wide && endAt >= Locator64Bytes + End64Bytes)
        {
            Span<byte> locator = stackalloc byte[Locator64Bytes];
            file.Read(endAt - Locator64Bytes, locator);
            ulong end64At = U64(locator, 8);
            if (U32(locator, 0) != Locator64Signature || end64At > (ulong)(endAt - Locator64Bytes - End64Bytes))
            {
                throw Bad(file, "its zip64 end record is missing.");
            }

            Span<byte> end64 = stackalloc byte[End64Bytes];
            file.Read((long)end64At, end64);
            if (U32(end64, 0) != End64Signature)
            {
                throw Bad(file, "its zip64 end record is damaged.");
            }

            count = U64(end64, 32);
            length = U64(end64, 40);
            start = U64(end64, 48);
            split = U32(end64, 16) != 0 || U32(end64, 20) != 0 || U64(end64, 24) != count;
        }

        if (split)
        {
            throw Bad(file, "it is one part of a split archive.");
        }

        return start <= long.MaxValue && length <= long.MaxValue
            ? ((long)start, (long)length, count)
            : throw Bad(file, "its directory lies outside the file.");
    }

    static Entry ReadEntry(PositionalFile file, ref Span<byte> rest, long directoryStart)
    {
        if (rest.Length < CentralBytes || U32(rest, 0) != CentralSignature)
        {
            throw Bad(file, "an entry of its directory is damaged.");
        }

        int nameBytes = U16(rest, 28);
        int extraBytes = U16(rest, 30);
        int whole = CentralBytes + nameBytes + extraBytes + U16(rest, 32);
        if (whole > rest.Length)
        {
            throw Bad(file, "an entry of its directory is damaged.");
        }

        var nameSpan = rest.Slice(CentralBytes, nameBytes);
        string name = Encoding.UTF8.GetString(nameSpan);
        ulong packed = U32(rest, 20);
        ulong bytes = U32(rest, 24);
        ulong offset = U32(rest, 42);
        ReadExtra64(rest.Slice(CentralBytes + nameBytes, extraBytes), ref bytes, ref packed, ref offset);
        if ((U16(rest, 8) & 1) != 0 || U16(rest, 10) != 0 || packed != bytes)
        {
            throw Bad(file, $"its member '{Printable.Text(name)}' is compressed or encrypted; torch stores members plainly.");
        }

        uint crc = U32(rest, 16);
        long content = FindContent(file, name, nameSpan, offset, bytes, directoryStart);
        rest = rest[whole..];
        return new Entry(name, content, (long)bytes, crc);
    }

    // Sizes that do not fit 32 bits stand in extra field 1, in this order, only those that are all ones above.
    static void ReadExtra64(ReadOnlySpan<byte> extra, ref ulong bytes, ref ulong packed, ref ulong offset)
    {
        while (extra.Length >= 4)
        {
            int id = U16(extra, 0);
            int size = U16(extra, 2);
            if (size > extra.Length - 4)
            {
                return;
            }

            if (id == 1)
            {
                var field = extra.Slice(4, size);
                Take(ref field, ref bytes);
                Take(ref field, ref packed);
                Take(ref field, ref offset);
                return;
            }

            extra = extra[(4 + size)..];
        }

        static void Take(ref ReadOnlySpan<byte> field, ref ulong value)
        {
            if (value == uint.MaxValue && field.Length >= 8)
            {
                value = U64(field, 0);
                field = field[8..];
            }
        }
    }

    static long FindContent(PositionalFile file, string name, ReadOnlySpan<byte> nameSpan, ulong offset, ulong bytes, long directoryStart)
    {
        if (offset > (ulong)directoryStart || (ulong)directoryStart - offset < LocalBytes)
        {
            throw Bad(file, $"its member '{Printable.Text(name)}' lies outside the file.");
        }

        Span<byte> local = stackalloc byte[LocalBytes];
        file.Read((long)offset, local);
        int localName = U16(local, 26);
        ulong content = offset + LocalBytes + (ulong)localName + U16(local, 28);
        if (U32(local, 0) != LocalSignature || localName != nameSpan.Length)
        {
            throw Bad(file, $"the local header of its member '{Printable.Text(name)}' is damaged.");
        }

        if (content > (ulong)directoryStart || (ulong)directoryStart - content < bytes)
        {
            throw Bad(file, $"its member '{Printable.Text(name)}' of {bytes} bytes lies outside the file.");
        }

        var again = new byte[localName];
        file.Read((long)offset + LocalBytes, again);
        return nameSpan.SequenceEqual(again)
            ? (long)content
            : throw Bad(file, $"the local header of its member '{Printable.Text(name)}' has another name.");
    }

    static void RefuseOverlaps(PositionalFile file, Dictionary<string, Entry> entries)
    {
        Entry? last = null;
        foreach (var entry in entries.Values.OrderBy(e => e.Offset))
        {
            if (last is { } before && entry.Offset < before.Offset + before.Bytes)
            {
                throw Bad(file, $"its members '{Printable.Text(before.Name)}' and '{Printable.Text(entry.Name)}' overlap.");
            }

            last = entry;
        }
    }

    static WeightFileException Bad(PositionalFile file, string problem) => new(file.Path, $"this zip archive cannot be read: {problem}");

    static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
