using System.IO.Compression;
using System.Text;

namespace Engine.Model.Tests.Weights;

/// <summary>Writes small torch files, right ones and wrong ones.</summary>
sealed class TorchBuilder
{
    readonly List<(string Name, byte[] Bytes)> _storages = [];
    readonly List<byte> _items = [];

    /// <summary>A pickle to write instead of the one that describes the tensors.</summary>
    public byte[]? Code { get; init; }

    public TorchBuilder Storage(string key, byte[] bytes)
    {
        _storages.Add(($"a/data/{key}", bytes));
        return this;
    }

    public TorchBuilder Tensor(string name, string storage, string key, int count, int offset, int[] shape, int[] strides)
    {
        Text(name);
        Global("torch._utils", "_rebuild_tensor_v2");
        _items.AddRange("(("u8);
        Text("storage");
        Global("torch", storage);
        Text(key);
        Text("cpu");
        Number(count);
        _items.AddRange("tQ"u8);
        Number(offset);
        Tuple(shape);
        Tuple(strides);
        _items.Add(0x89);
        Global("collections", "OrderedDict");
        _items.AddRange(")RtR"u8);
        return this;
    }

    public byte[] ToArray() => Pack(Code ?? Pickle());

    /// <summary>The pickle that describes the tensors.</summary>
    public byte[] Pickle() => [0x80, 2, .. "}("u8, .. _items, .. "u."u8];

    /// <summary>The archive around a pickle.</summary>
    public byte[] Pack(byte[] code) => Zip(
        [("a/data.pkl", code), ("a/byteorder", "little"u8.ToArray()), .. _storages, ("a/version", "3\n"u8.ToArray())],
        CompressionLevel.NoCompression);

    public static byte[] Zip(IEnumerable<(string Name, byte[] Bytes)> members, CompressionLevel level)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in members)
            {
                using var entry = zip.CreateEntry(name, level).Open();
                entry.Write(bytes);
            }
        }

        return stream.ToArray();
    }

    void Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        _items.Add((byte)'X');
        _items.AddRange(BitConverter.GetBytes(bytes.Length));
        _items.AddRange(bytes);
    }

    void Number(int number)
    {
        _items.Add((byte)'J');
        _items.AddRange(BitConverter.GetBytes(number));
    }

    void Tuple(int[] numbers)
    {
        _items.Add((byte)'(');
        Array.ForEach(numbers, Number);
        _items.Add((byte)'t');
    }

    void Global(string module, string name) => _items.AddRange(Encoding.UTF8.GetBytes($"c{module}\n{name}\n"));
}
