using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Engine.Testing;

/// <summary>Small LoRA files with random values, written in the plainest way.</summary>
public sealed class RandomLora
{
    readonly Dictionary<string, (string Type, long[] Shape, byte[] Bytes)> _tensors = [];
    readonly Random _random;

    /// <summary>Starts an empty file.</summary>
    public RandomLora(int seed) => _random = new Random(seed);

    /// <summary>Adds both factors of a layer, so scaled that the change has about the size <paramref name="scale"/> / sqrt(inputs).</summary>
    /// <param name="module">The layer's name with its prefix.</param>
    /// <param name="outputs">N.</param>
    /// <param name="inputs">K.</param>
    /// <param name="rank">Rank.</param>
    /// <param name="scale">Size of the change.</param>
    /// <param name="down">Ending of the first factor's name.</param>
    /// <param name="up">Ending of the second one's.</param>
    public RandomLora Layer(string module, int outputs, int inputs, int rank, float scale = 0.3f, string down = ".lora_down.weight", string up = ".lora_up.weight") =>
        Floats(module + down, [rank, inputs], 1 / MathF.Sqrt(inputs)).Floats(module + up, [outputs, rank], scale / MathF.Sqrt(rank));

    /// <summary>Adds a tensor of normal values.</summary>
    public RandomLora Floats(string name, long[] shape, float scale)
    {
        long count = shape.Aggregate(1L, (a, b) => a * b);
        var values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = scale * (float)(Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
        }

        return Bytes(name, "F32", shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
    }

    /// <summary>Adds a tensor of given bytes.</summary>
    public RandomLora Bytes(string name, string type, long[] shape, byte[] bytes)
    {
        _tensors[name] = (type, shape, bytes);
        return this;
    }

    /// <summary>Writes the file.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="metadata">One entry of the header's free-form strings.</param>
    public string Write(string path, (string Key, string Value)? metadata = null)
    {
        var header = new Dictionary<string, object>();
        if (metadata is { } entry)
        {
            header["__metadata__"] = new Dictionary<string, string> { [entry.Key] = entry.Value };
        }

        long at = 0;
        foreach (var (name, tensor) in _tensors)
        {
            header[name] = new { dtype = tensor.Type, shape = tensor.Shape, data_offsets = new[] { at, at += tensor.Bytes.Length } };
        }

        byte[] json = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(header));
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. _tensors.Values.SelectMany(t => t.Bytes)]);
        return path;
    }
}
