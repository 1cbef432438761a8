using System.Text.Json;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>Reads typed fields of one JSON configuration; every problem names the file and the field.</summary>
sealed class ConfigReader : IDisposable
{
    readonly JsonDocument? _document;
    readonly JsonElement _root;
    readonly string _prefix;

    ConfigReader(string path, JsonDocument? document, JsonElement root, string prefix)
    {
        Path = path;
        _document = document;
        _root = root;
        _prefix = prefix;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new WeightFileException(path, prefix.Length == 0 ? "the configuration is not a JSON object." : $"the field {prefix.TrimEnd('.')} is not an object.");
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Opens a file.</summary>
    public static ConfigReader Open(string path)
    {
        var document = JsonFile.Read(path);
        try
        {
            return new ConfigReader(path, document, document.RootElement, "");
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    /// <summary>True when the field is there and not null.</summary>
    public bool Has(string field) => Find(field) is not null;

    /// <summary>An object inside this one.</summary>
    public ConfigReader? Child(string field) => Find(field) is { } value ? new ConfigReader(Path, null, value, $"{_prefix}{field}.") : null;

    /// <summary>A whole number within limits; null or absent gives <paramref name="otherwise"/>, or an error without one.</summary>
    public int Int(string field, int? otherwise = null, int minimum = 1, int maximum = 1 << 24) =>
        OptionalInt(field, minimum, maximum) ?? otherwise ?? throw Missing(field);

    /// <summary>A whole number within limits, or null.</summary>
    public int? OptionalInt(string field, int minimum = 1, int maximum = 1 << 24)
    {
        if (Find(field) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= minimum && number <= maximum
            ? number
            : throw Bad(field, $"is {Shown(value)}; it takes a whole number of {minimum} to {maximum}");
    }

    /// <summary>A finite number; null or absent gives <paramref name="otherwise"/>, or an error without one.</summary>
    public float Float(string field, float? otherwise = null) => OptionalFloat(field) ?? otherwise ?? throw Missing(field);

    /// <summary>A finite number, or null.</summary>
    public float? OptionalFloat(string field) => Find(field) is { } value ? Number(field, value) : null;

    /// <summary>True or false; null or absent gives <paramref name="otherwise"/>.</summary>
    public bool Bool(string field, bool otherwise) => Find(field) is { } value ? Truth(field, value) : otherwise;

    /// <summary>A string, or null.</summary>
    public string? Text(string field) => Find(field) is { } value
        ? value.ValueKind == JsonValueKind.String ? value.GetString() : throw Bad(field, $"is {Shown(value)}; it takes a string")
        : null;

    /// <summary>A list of whole numbers, or null.</summary>
    public int[]? Ints(string field, int minimum = 0, int maximum = 1 << 24) => List(field, value =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= minimum && number <= maximum
            ? number
            : throw Bad(field, $"holds {Shown(value)}; it takes whole numbers of {minimum} to {maximum}"));

    /// <summary>A list of finite numbers, or null.</summary>
    public float[]? Floats(string field) => List(field, value => Number(field, value));

    /// <summary>A list of true and false, or null.</summary>
    public bool[]? Bools(string field) => List(field, value => Truth(field, value));

    /// <summary>A list of strings, or null.</summary>
    public string[]? Texts(string field) =>
        List(field, value => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Bad(field, $"holds {Shown(value)}; it takes strings"));

    /// <summary>True for a list of two strings, as <c>model_index.json</c> names a part's class.</summary>
    public bool IsPair(string field) => Find(field) is { ValueKind: JsonValueKind.Array } list
        && list.GetArrayLength() == 2
        && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String);

    /// <summary>Refuses a configuration whose field asks for something the engine computes differently.</summary>
    public void Require(string field, string only)
    {
        string? value = Text(field);
        if (value is not null && value != only)
        {
            throw Bad(field, $"is '{Printable.Text(value)}'; the engine has only '{only}'");
        }
    }

    /// <summary>An error about one field.</summary>
    public WeightFileException Bad(string field, string problem) => new(Path, $"the field {_prefix}{field} {problem}.");

    public void Dispose() => _document?.Dispose();

    T[]? List<T>(string field, Func<JsonElement, T> read)
    {
        if (Find(field) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(read)]
            : throw Bad(field, $"is {Shown(value)}; it takes a list");
    }

    float Number(string field, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) && float.IsFinite(number)
            ? number
            : throw Bad(field, $"is {Shown(value)}; it takes a finite number");

    bool Truth(string field, JsonElement value) => value.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.GetBoolean()
        : throw Bad(field, $"is {Shown(value)}; it takes true or false");

    WeightFileException Missing(string field) => Bad(field, "is missing");

    JsonElement? Find(string field) => _root.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    static string Shown(JsonElement value) => Printable.Text(value.GetRawText(), limit: 60);
}
