using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engine.Runtime.Media;

/// <summary>What a clip was made from; stored in the clip as one JSON text.</summary>
/// <remarks>
/// Where it goes: MP4 and WebM the comment tag, GIF a comment, PNG a text chunk "Comment", AVI the INFO field ICMT.
/// Y4M has no room that readers tolerate, so that there it is a file beside the clip, with ".json" added to the name.
/// The text is plain ASCII (all else is escaped), so that no container's character set matters.
/// </remarks>
public sealed record ClipMetadata
{
    // Longer than any prompt that is accepted; a file that claims more is not one of ours.
    internal const int MaxLength = 4_000_000;

    static readonly string s_generator = $"Engine {typeof(ClipMetadata).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>The program that made the clip, and its version.</summary>
    public string Generator { get; init; } = s_generator;

    /// <summary>What was asked for.</summary>
    public string? Prompt { get; init; }

    /// <summary>What was to be avoided.</summary>
    public string? NegativePrompt { get; init; }

    /// <summary>Seed of the noise.</summary>
    public long? Seed { get; init; }

    /// <summary>Name of the model.</summary>
    public string? Model { get; init; }

    /// <summary>Why it was this model, where a tier chose it.</summary>
    public string? ModelChoice { get; init; }

    /// <summary>Everything else of the request, as the caller likes to name it.</summary>
    public JsonObject? Settings { get; init; }

    /// <summary>The stored text.</summary>
    public string ToJson()
    {
        var json = new JsonObject { ["generator"] = Generator };
        Add(json, "prompt", Prompt);
        Add(json, "negative_prompt", NegativePrompt);
        Add(json, "seed", Seed);
        Add(json, "model", Model);
        Add(json, "model_choice", ModelChoice);
        if (Settings is not null)
        {
            json["settings"] = Settings.DeepClone();
        }

        return json.ToJsonString();
    }

    /// <summary>Reads a stored text; null where it is not one of ours.</summary>
    public static ClipMetadata? FromJson(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxLength || !text.AsSpan().TrimStart().StartsWith("{"))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(text) is JsonObject json && Text(json, "generator") is { } generator
                ? new ClipMetadata
                {
                    Generator = generator,
                    Prompt = Text(json, "prompt"),
                    NegativePrompt = Text(json, "negative_prompt"),
                    Seed = json["seed"] is JsonValue seed && seed.TryGetValue(out long value) ? value : null,
                    Model = Text(json, "model"),
                    ModelChoice = Text(json, "model_choice"),
                    Settings = json["settings"]?.DeepClone() as JsonObject,
                }
                : null;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            // Somebody else's comment, or a damaged one: either way there is nothing of ours to show. Duplicate names throw ArgumentException.
            return null;
        }
    }

    static string? Text(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    static void Add<T>(JsonObject json, string name, T? value)
    {
        if (value is not null)
        {
            json[name] = JsonValue.Create(value);
        }
    }
}
