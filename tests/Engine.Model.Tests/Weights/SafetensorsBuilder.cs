using System.Text;

namespace Engine.Model.Tests.Weights;

/// <summary>Writes small safetensors files, right ones and wrong ones.</summary>
sealed class SafetensorsBuilder
{
    readonly List<string> _entries = [];
    readonly List<byte> _data = [];

    public SafetensorsBuilder Add(string name, string type, long[] shape, IEnumerable<byte> data)
    {
        int begin = _data.Count;
        _data.AddRange(data);
        return Entry($"\"{name}\":{{\"dtype\":\"{type}\",\"shape\":[{string.Join(",", shape)}],\"data_offsets\":[{begin},{_data.Count}]}}");
    }

    public SafetensorsBuilder Metadata(string json) => Entry($"\"__metadata__\":{json}");

    public byte[] ToArray() => File($"{{{string.Join(",", _entries)}}}", [.. _data]);

    /// <summary>A file of any header text and any data.</summary>
    public static byte[] File(string header, byte[] data) => File(Encoding.UTF8.GetBytes(header), data);

    /// <summary>A file of any header bytes and any data.</summary>
    public static byte[] File(byte[] header, byte[] data) => [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. data];

    SafetensorsBuilder Entry(string json)
    {
        _entries.Add(json);
        return this;
    }
}

/// <summary>A folder that is gone when the test ends.</summary>
sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("engine-tests-").FullName;

    public string Write(string name, byte[] bytes)
    {
        string path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
