using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Engine.Kernels;

namespace Engine.Testing;

/// <summary>One golden case: its <c>case.json</c> and every tensor that goes in or comes out.</summary>
/// <remarks>The file is read here in the plainest way, apart from the engine's own reader, so that a bug there cannot hide.</remarks>
public sealed class Golden
{
    readonly Dictionary<string, (string Type, int[] Shape, byte[] Bytes)> _tensors = [];

    Golden(string name)
    {
        Name = name;
        string folder = Path.Combine(Repository.Goldens, name);
        Folder = folder;
        Case = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json"))).RootElement;
        string tensors = Path.Combine(folder, "tensors.safetensors");
        if (File.Exists(tensors))
        {
            ReadTensors(File.ReadAllBytes(tensors));
        }
    }

    /// <summary>Folder name below <c>tests/goldens</c>.</summary>
    public string Name { get; }

    /// <summary>Full path of the case's folder.</summary>
    public string Folder { get; }

    /// <summary>The parsed <c>case.json</c>.</summary>
    public JsonElement Case { get; }

    /// <summary>Full path of the model that the case runs, or null.</summary>
    public string? Model => Case.TryGetProperty("model", out var model)
        ? Path.GetFullPath(Path.Combine(Repository.Goldens, model.GetString()!))
        : null;

    /// <summary>Largest relative error allowed in f32 arithmetic.</summary>
    public double Tolerance => Case.GetProperty("tolerance").GetProperty("float32").GetDouble();

    /// <summary>Names of the tensors.</summary>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    /// <summary>Loads a case by its folder name.</summary>
    public static Golden Load(string name) => new(name);

    /// <summary>Names of the cases that start with a prefix, sorted.</summary>
    public static IEnumerable<string> Cases(string prefix) => Directory
        .EnumerateDirectories(Repository.Goldens, prefix + "*")
        .Where(d => File.Exists(Path.Combine(d, "case.json")))
        .Select(d => Path.GetFileName(d)!)
        .Order(StringComparer.Ordinal);

    /// <summary>True when the case holds that tensor.</summary>
    public bool Has(string tensor) => _tensors.ContainsKey(tensor);

    /// <summary>Extents of a tensor, outermost first.</summary>
    public int[] Shape(string tensor) => Find(tensor).Shape;

    /// <summary>Values of an f32 tensor.</summary>
    public float[] Floats(string tensor)
    {
        var (type, _, bytes) = Find(tensor);
        return type == "F32"
            ? MemoryMarshal.Cast<byte, float>(bytes).ToArray()
            : throw new InvalidDataException($"{Name}: {tensor} is {type}, not F32.");
    }

    /// <summary>Values of an integer tensor (I64 or I32).</summary>
    public long[] Integers(string tensor)
    {
        var (type, _, bytes) = Find(tensor);
        return type switch
        {
            "I64" => MemoryMarshal.Cast<byte, long>(bytes).ToArray(),
            "I32" => Array.ConvertAll(MemoryMarshal.Cast<byte, int>(bytes).ToArray(), i => (long)i),
            _ => throw new InvalidDataException($"{Name}: {tensor} is {type}, not an integer type."),
        };
    }

    /// <summary>A tensor on a device, with leading axes of extent 1 dropped down to <paramref name="rank"/> (null: kept).</summary>
    public Tensor Tensor(string tensor, Device device, int? rank = null)
    {
        int[] shape = Shape(tensor);
        while (rank is { } wanted && shape.Length > wanted && shape[0] == 1)
        {
            shape = shape[1..];
        }

        var result = device.NewTensor(Engine.Kernels.Shape.Create(shape));
        result.CopyFrom(Floats(tensor));
        return result;
    }

    /// <summary>||got - want|| / ||want||, over all values; not a number in either side gives infinity.</summary>
    public static double RelativeError(ReadOnlySpan<float> got, ReadOnlySpan<float> want)
    {
        if (got.Length != want.Length)
        {
            throw new ArgumentException($"{got.Length} values cannot be compared with {want.Length}.");
        }

        double difference = 0;
        double norm = 0;
        for (int i = 0; i < got.Length; i++)
        {
            double d = (double)got[i] - want[i];
            difference += d * d;
            norm += (double)want[i] * want[i];
        }

        double error = norm > 0 ? Math.Sqrt(difference / norm) : Math.Sqrt(difference);
        return double.IsNaN(error) ? double.PositiveInfinity : error;
    }

    /// <summary>Relative error of a result against one of the case's tensors.</summary>
    public double Error(string tensor, ReadOnlySpan<float> got) => RelativeError(got, Floats(tensor));

    (string Type, int[] Shape, byte[] Bytes) Find(string tensor) => _tensors.TryGetValue(tensor, out var found)
        ? found
        : throw new KeyNotFoundException($"{Name} has no tensor '{tensor}'; it has {string.Join(", ", _tensors.Keys)}.");

    void ReadTensors(byte[] file)
    {
        int header = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file));
        using var json = JsonDocument.Parse(file.AsMemory(8, header));
        foreach (var entry in json.RootElement.EnumerateObject().Where(e => e.Name != "__metadata__"))
        {
            var offsets = entry.Value.GetProperty("data_offsets");
            int start = 8 + header + offsets[0].GetInt32();
            int end = 8 + header + offsets[1].GetInt32();
            int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
            _tensors[entry.Name] = (entry.Value.GetProperty("dtype").GetString()!, shape, file[start..end]);
        }
    }
}
