using System.Text.Json;
using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>One model part in several safetensors files, joined by an index (<c>*.safetensors.index.json</c>).</summary>
/// <remarks>The index must name every tensor of its files, each in the file that holds it, and nothing else.</remarks>
public sealed class ShardedSource : IWeightSource
{
    readonly List<SafetensorsFile> _files;
    readonly Dictionary<string, SafetensorsFile> _owners;

    ShardedSource(string path, List<SafetensorsFile> files, Dictionary<string, SafetensorsFile> owners)
    {
        Path = path;
        _files = files;
        _owners = owners;
        Tensors = [.. files.SelectMany(file => file.Tensors)];
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<TensorInfo> Tensors { get; }

    /// <summary>The files, in the order of their names.</summary>
    public IReadOnlyList<SafetensorsFile> Files => _files;

    /// <summary>Opens an index and all its files.</summary>
    /// <exception cref="WeightFileException">The index is malformed, a file is missing or broken, or they disagree.</exception>
    public static ShardedSource Open(string indexPath)
    {
        var map = ReadMap(indexPath);
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(indexPath))!;
        var files = new List<SafetensorsFile>();
        try
        {
            var owners = new Dictionary<string, SafetensorsFile>(map.Count);
            foreach (string name in map.Values.Distinct().Order(StringComparer.Ordinal))
            {
                var file = SafetensorsFile.Open(System.IO.Path.Combine(folder, name));
                files.Add(file);
                foreach (var tensor in file.Tensors)
                {
                    if (!map.TryGetValue(tensor.Name, out string? said) || said != name)
                    {
                        throw new WeightFileException(
                            indexPath, $"{name} holds the tensor '{Printable.Text(tensor.Name)}', which the index {(said is null ? "does not name" : $"says is in {said}")}.");
                    }

                    owners.Add(tensor.Name, file);
                }
            }

            string? absent = map.Keys.FirstOrDefault(key => !owners.ContainsKey(key));
            return absent is null
                ? new ShardedSource(indexPath, files, owners)
                : throw new WeightFileException(indexPath, $"the tensor '{Printable.Text(absent)}' is not in {map[absent]}, where the index says it is.");
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public TensorInfo? Find(string name) => _owners.TryGetValue(name, out var file) ? file.Find(name) : null;

    /// <inheritdoc/>
    public void Read(TensorInfo tensor, long offset, Span<byte> destination) => _owners[tensor.Name].Read(tensor, offset, destination);

    /// <inheritdoc/>
    public Storage? Map(TensorInfo tensor, long offset, long bytes, CpuDevice device) => _owners[tensor.Name].Map(tensor, offset, bytes, device);

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    static Dictionary<string, string> ReadMap(string indexPath)
    {
        using var document = JsonFile.Read(indexPath);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("weight_map", out var weights)
            || weights.ValueKind != JsonValueKind.Object)
        {
            throw new WeightFileException(indexPath, "the index has no object named weight_map.");
        }

        var map = new Dictionary<string, string>();
        foreach (var entry in weights.EnumerateObject())
        {
            string? file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : null;
            if (!IsPlainFileName(file))
            {
                throw new WeightFileException(
                    indexPath, $"the file of tensor '{Printable.Text(entry.Name)}' must be a plain file name beside the index.");
            }

            if (!map.TryAdd(entry.Name, file!))
            {
                throw new WeightFileException(indexPath, $"the index names the tensor '{Printable.Text(entry.Name)}' twice.");
            }
        }

        return map;
    }

    // A name with a folder in it could reach any file of the machine.
    static bool IsPlainFileName(string? name) =>
        !string.IsNullOrEmpty(name) && name is not ("." or "..") && name.AsSpan().IndexOfAny('/', '\\', '\0') < 0;
}
