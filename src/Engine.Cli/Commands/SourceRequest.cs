using System.Text.Json.Nodes;
using Engine.Kernels;
using Engine.Runtime;
using Engine.Runtime.Media;

namespace Engine.Cli.Commands;

/// <summary>The request that a clip brings along: a clip made here tells its prompt and model.</summary>
static class SourceRequest
{
    /// <summary>A request on a source clip.</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="prompt">What was asked for; null takes the clip's own prompt.</param>
    /// <param name="model">The model asked for; null takes the one that made the clip, where it names one that is here.</param>
    /// <param name="models">The folder of models; null means the user's own.</param>
    /// <exception cref="EngineException">The clip cannot be read, or there is no prompt.</exception>
    public static VideoRequest From(string clip, string? prompt, string? model, string? models)
    {
        var told = File.Exists(clip) ? ClipInfo.Read(clip).Metadata : null;
        prompt ??= told?.Prompt ?? throw new EngineException(
            ErrorKind.BadRequest, File.Exists(clip) || Directory.Exists(clip)
                ? $"--prompt is missing, and {clip} does not tell the prompt it was made from: say in quotes what the clip shows."
                : $"<clip>: there is no file '{clip}'; give a clip that exists.");
        return new VideoRequest(prompt)
        {
            NegativePrompt = Text(told?.Settings, "negative_prompt"),
            Model = model ?? Existing(Text(told?.Settings, "model"), models ?? ModelsFolder.Default),
            Video = ClipInput.FromFile(clip),
            Width = Number(told?.Settings, "width"),
            Height = Number(told?.Settings, "height"),
        };
    }

    /// <summary>Name for a clip made from another, beside it.</summary>
    /// <param name="clip">The source.</param>
    /// <param name="what">What was done to it.</param>
    public static string NameFor(string clip, string what)
    {
        string trimmed = Path.TrimEndingDirectorySeparator(clip);
        string folder = Path.GetDirectoryName(trimmed) ?? "";
        string ending = Directory.Exists(clip) ? ".mp4" : Path.GetExtension(trimmed);
        return Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(trimmed)}-{what}{ending}");
    }

    static string? Existing(string? model, string? models) =>
        model is not null && (File.Exists(model) || Directory.Exists(model) || ModelsFolder.Find(models, model) is not null) ? model : null;

    static string? Text(JsonObject? settings, string name) => settings?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    static int? Number(JsonObject? settings, string name) => settings?[name] is JsonValue value && value.TryGetValue(out int number) ? number : null;
}
