using System.Runtime.InteropServices;
using System.Text.Json;
using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Runtime.Verification;

/// <summary>A tensor of a golden case: f32 values (integers are widened) and their shape.</summary>
/// <param name="Shape">Extents, outermost first.</param>
/// <param name="Values">Row-major values.</param>
public sealed record GoldenTensor(int[] Shape, float[] Values)
{
    /// <summary>Shape as the kernels write it.</summary>
    public Shape KernelShape => Kernels.Shape.Create(Shape);
}

/// <summary>One folder with a <c>case.json</c>: inputs and outputs recorded from a reference implementation.</summary>
/// <remarks>Tensors are read when they are asked for; the case holds the file open until it is disposed.</remarks>
public sealed class GoldenCase : IDisposable
{
    readonly JsonDocument _json;
    readonly SafetensorsFile? _tensors;
    readonly HashSet<string> _unused;

    GoldenCase(string folder, JsonDocument json, SafetensorsFile? tensors)
    {
        Folder = folder;
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        _json = json;
        _tensors = tensors;
        _unused = tensors is null ? [] : [.. tensors.Tensors.Select(t => t.Name)];
    }

    /// <summary>The case's folder.</summary>
    public string Folder { get; }

    /// <summary>The folder's name.</summary>
    public string Name { get; }

    /// <summary>The whole of <c>case.json</c>.</summary>
    public JsonElement Json => _json.RootElement;

    /// <summary>What kind of case it is: tokenizer, noise, scheduler, module, pipeline...</summary>
    public string Kind => Text("kind");

    /// <summary>Largest relative L2 error allowed.</summary>
    /// <param name="reduced">True for half-precision arithmetic, false for f32; cases that half precision takes no part in have one limit.</param>
    public double Tolerance(bool reduced) => !Json.TryGetProperty("tolerance", out var limits) ? 0
        : reduced && limits.TryGetProperty("reduced", out var limit) ? limit.GetDouble()
        : limits.GetProperty("float32").GetDouble();

    /// <summary>Names of the tensors that nothing has read yet.</summary>
    public IReadOnlyCollection<string> UnusedTensors => _unused;

    /// <summary>Opens the case in a folder.</summary>
    /// <exception cref="EngineException">No case.json there, or it cannot be read.</exception>
    public static GoldenCase Open(string folder)
    {
        string path = Path.Combine(folder, "case.json");
        JsonDocument json;
        try
        {
            json = JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            throw new EngineException(ErrorKind.BadInput, $"{path} cannot be read as a golden case: {e.Message}", e);
        }

        string tensors = Path.Combine(folder, "tensors.safetensors");
        return new GoldenCase(folder, json, File.Exists(tensors) ? SafetensorsFile.Open(tensors) : null);
    }

    /// <summary>A string field of case.json.</summary>
    public string Text(string field) => Optional(field)
        ?? throw new EngineException(ErrorKind.BadInput, $"{Path.Combine(Folder, "case.json")} has no field '{field}'.");

    /// <summary>A string field of case.json, or null.</summary>
    public string? Optional(string field) =>
        Json.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>The model folder or file that the case names, relative to the folder that holds the cases.</summary>
    public string ModelPath => Path.GetFullPath(Path.Combine(Folder, "..", Text("model")));

    /// <summary>Full path of a file of the case.</summary>
    public string FilePath(string name) => Path.Combine(Folder, name);

    /// <summary>True when the case has a tensor of that name.</summary>
    public bool Has(string tensor) => _tensors?.Find(tensor) is not null;

    /// <summary>Names of all tensors that begin with a prefix, in ordinal order.</summary>
    public IEnumerable<string> TensorNames(string prefix = "") =>
        _tensors is null ? [] : _tensors.Tensors.Select(t => t.Name).Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>Reads a tensor.</summary>
    /// <exception cref="EngineException">The case has no such tensor.</exception>
    public GoldenTensor Tensor(string name)
    {
        var info = _tensors?.Find(name)
            ?? throw new EngineException(ErrorKind.BadInput, $"Case {Name} has no tensor '{name}'.");
        var bytes = new byte[info.Bytes];
        _tensors!.Read(info, 0, bytes);
        _unused.Remove(name);
        float[] values = info.Type switch
        {
            DType.F32 => MemoryMarshal.Cast<byte, float>(bytes).ToArray(),
            DType.Bool => Array.ConvertAll(bytes, b => b == 0 ? 0f : 1f),
            DType.I64 => Array.ConvertAll(MemoryMarshal.Cast<byte, long>(bytes).ToArray(), v => (float)v),
            _ => throw new EngineException(ErrorKind.BadInput, $"Case {Name}: tensor '{name}' is {info.Type}; only F32, I64 and Bool are compared."),
        };
        return new GoldenTensor([.. info.Shape.Select(e => checked((int)e))], values);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tensors?.Dispose();
        _json.Dispose();
    }
}
