using System.Text;
using Engine.Model.Weights;
using Xunit;

namespace Engine.Model.Tests.Weights;

/// <summary>Archives over 4 GB, as the 11 GB text encoder's is: 64-bit sizes and offsets in zip's extra fields and end record.</summary>
public sealed class Zip64Tests : IDisposable
{
    const long Big = 5_000_000_000;

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_tensor_beyond_4_GB_is_read()
    {
        using var file = TorchFile.Open(Write());

        var last = new byte[2];
        file.Read(file.Find("after")!, 0, last);
        Assert.Equal([7, 8], last);
        Assert.Equal(Big, file.Find("big")!.Bytes);
        file.Read(file.Find("big")!, Big - 2, last);
        Assert.Equal([0, 9], last);
    }

    [Theory]
    [InlineData("zip64 end record is missing", 'L', 0)]
    [InlineData("zip64 end record is missing", 'L', 15)]
    [InlineData("zip64 end record is damaged", 'E', 0)]
    [InlineData("at most 8388608 are read", 'E', 47)]
    [InlineData("lies outside the file", 'E', 54)]
    public void Damaged_64_bit_records_are_refused(string words, char record, int at)
    {
        string path = Write();
        using (var stream = File.OpenWrite(path))
        {
            stream.Position = stream.Length - 22 - 20 - (record == 'E' ? 56 : 0) + at;
            stream.WriteByte(0x70);
        }

        Assert.Contains(words, Assert.Throws<WeightFileException>(() => TorchFile.Open(path)).Message);
    }

    string Write()
    {
        byte[] code = new TorchBuilder()
            .Tensor("big", "DoubleStorage", "0", (int)(Big / 8), 0, [(int)(Big / 8)], [1])
            .Tensor("after", "ByteStorage", "1", 2, 0, [2], [1])
            .Pickle();
        string path = Path.Combine(_folder.Path, "big.pth");
        using var stream = File.Create(path);
        using var writer = new BinaryWriter(stream);
        var entries = new List<(string Name, long Offset, long Bytes, uint Crc)>();
        Member("a/data.pkl", code.Length, () => writer.Write(code), Crc32.Of(code));

        // A hole takes no room on disk; its checksum is never looked at.
        Member("a/data/0", Big, () =>
        {
            stream.Position += Big - 1;
            writer.Write((byte)9);
        }, crc: 0);
        Member("a/data/1", 2, () => writer.Write([7, 8]), crc: 0);
        long directory = stream.Position;
        foreach (var entry in entries)
        {
            writer.Write(0x02014b50);
            writer.Write(new byte[12]);
            writer.Write(entry.Crc);
            writer.Write(uint.MaxValue);
            writer.Write(uint.MaxValue);
            writer.Write((ushort)entry.Name.Length);
            writer.Write((ushort)28);
            writer.Write(new byte[10]);
            writer.Write(uint.MaxValue);
            writer.Write(Encoding.ASCII.GetBytes(entry.Name));
            writer.Write((ushort)1);
            writer.Write((ushort)24);
            writer.Write(entry.Bytes);
            writer.Write(entry.Bytes);
            writer.Write(entry.Offset);
        }

        long end64 = stream.Position;
        writer.Write(0x06064b50);
        writer.Write(44L);
        writer.Write(new byte[12]);
        writer.Write((long)entries.Count);
        writer.Write((long)entries.Count);
        writer.Write(end64 - directory);
        writer.Write(directory);
        writer.Write(0x07064b50);
        writer.Write(0);
        writer.Write(end64);
        writer.Write(1);
        writer.Write(0x06054b50);
        writer.Write(0);
        writer.Write((ushort)entries.Count);
        writer.Write((ushort)entries.Count);
        writer.Write(uint.MaxValue);
        writer.Write(uint.MaxValue);
        writer.Write((ushort)0);
        return path;

        void Member(string name, long bytes, Action content, uint crc)
        {
            entries.Add((name, stream.Position, bytes, crc));
            writer.Write(0x04034b50);
            writer.Write(new byte[22]);
            writer.Write((ushort)name.Length);
            writer.Write((ushort)0);
            writer.Write(Encoding.ASCII.GetBytes(name));
            writer.Flush();
            content();
            writer.Flush();
        }
    }
}
