using System.Text.Json;

namespace Engine.Model.Weights;

/// <summary>Small JSON files beside weights: indexes and configurations.</summary>
static class JsonFile
{
    /// <summary>Longest file that is read, bytes. The index of a 14B checkpoint has about 100 kB.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>Reads a document (the caller disposes it).</summary>
    /// <exception cref="WeightFileException">The file is missing, too long, or not JSON.</exception>
    public static JsonDocument Read(string path)
    {
        using var file = PositionalFile.Open(path, minimum: 1);
        if (file.Length > MaxBytes)
        {
            throw new WeightFileException(path, $"the file has {file.Length} bytes; a JSON file of a model has at most {MaxBytes}.");
        }

        var bytes = new byte[file.Length];
        file.Read(0, bytes);
        ReadOnlyMemory<byte> json = bytes;
        if (json.Span.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        try
        {
            return JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
        }
        catch (JsonException e)
        {
            throw new WeightFileException(path, $"this is not valid JSON ({e.Message})", e);
        }
    }

    /// <summary>A string value, or null when it is not a string or holds an unpaired surrogate.</summary>
    public static string? Text(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
