using System.Text.Json;
using System.Text.Unicode;

namespace Engine.Model.Weights;

/// <summary>Small JSON files beside weights: indexes and configurations.</summary>
static class JsonFile
{
    /// <summary>Longest file that is read, bytes. The index of a 14B checkpoint has about 100 kB.</summary>
    public const int MaxBytes = 16 << 20;

    const int MaxDepth = 32;

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

        if (!Utf8.IsValid(json.Span))
        {
            throw new WeightFileException(path, "this is not valid UTF-8.");
        }

        try
        {
            RefuseUnpairedSurrogates(json.Span);
            return JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaxDepth });
        }
        catch (JsonException e)
        {
            throw new WeightFileException(path, $"this is not valid JSON ({e.Message})", e);
        }
        catch (InvalidOperationException e)
        {
            throw new WeightFileException(path, "this is not valid JSON: a string has an unpaired surrogate.", e);
        }
    }

    // The document would throw only where such a string is asked for.
    static void RefuseUnpairedSurrogates(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.ValueIsEscaped)
            {
                reader.GetString();
            }
        }
    }
}
