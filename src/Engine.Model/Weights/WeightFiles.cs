namespace Engine.Model.Weights;

/// <summary>Opens weight files of any kind the engine reads.</summary>
public static class WeightFiles
{
    /// <summary>What the index of a sharded checkpoint ends with.</summary>
    public const string IndexSuffix = ".safetensors.index.json";

    /// <summary>Endings of files that can be opened.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".safetensors", IndexSuffix, ".pth", ".pt", ".gguf"];

    /// <summary>Opens a file by what it starts with: safetensors, an index of several, a torch file, or GGUF.</summary>
    /// <exception cref="WeightFileException">The file is missing, damaged, or of another kind.</exception>
    public static IWeightSource Open(string path)
    {
        if (path.EndsWith(IndexSuffix, StringComparison.OrdinalIgnoreCase))
        {
            return ShardedSource.Open(path);
        }

        Span<byte> start = stackalloc byte[4];
        using (var file = PositionalFile.Open(path, minimum: start.Length))
        {
            file.Read(0, start);
        }

        if (GgufFile.IsGguf(start))
        {
            return GgufFile.Open(path);
        }

        bool named = path.EndsWith(".pth", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".pt", StringComparison.OrdinalIgnoreCase);
        return named || start.SequenceEqual("PK\x03\x04"u8) ? TorchFile.Open(path) : SafetensorsFile.Open(path);
    }
}
