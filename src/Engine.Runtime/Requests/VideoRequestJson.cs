using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Lora;
using Engine.Model.Schedulers;

namespace Engine.Runtime;

/// <summary>Requests as JSON: what <c>--config</c> reads, and what is written beside a clip.</summary>
/// <remarks>
/// Fields are in snake case; comments and trailing commas are fine; unknown and repeated fields are refused by name.
/// Pictures and clips are given by path, relative to the folder of the file.
/// </remarks>
public static class VideoRequestJson
{
    const int MaxDepth = 8;
    const long MaxFileBytes = 4 << 20;

    /// <summary>How files are read: comments and trailing commas are fine, repeated fields are not.</summary>
    internal static JsonDocumentOptions ReadOptions { get; } = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
        MaxDepth = MaxDepth,
    };

    /// <summary>Reads a request from a file; relative paths in it count from its folder.</summary>
    /// <exception cref="RequestException">A field is unknown, repeated or of the wrong type.</exception>
    /// <exception cref="EngineException">The file cannot be read or is not JSON.</exception>
    public static VideoRequest Load(string path) => Parse(ReadText(path), path).RootedAt(Path.GetDirectoryName(Path.GetFullPath(path))!);

    /// <summary>The text of a request's file.</summary>
    /// <exception cref="EngineException">The file cannot be read or is too large.</exception>
    internal static string ReadText(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
            {
                throw new EngineException(ErrorKind.BadInput, $"'{path}' is too large for a request; {MaxFileBytes >> 20} MiB is the limit.");
            }

            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new EngineException(ErrorKind.BadInput, $"Cannot read the request '{path}': {e.Message}", e);
        }
    }

    /// <summary>Reads a request from text.</summary>
    /// <param name="json">One JSON object.</param>
    /// <param name="source">Name of the text, for messages.</param>
    /// <exception cref="RequestException">A field is unknown, repeated or of the wrong type.</exception>
    /// <exception cref="EngineException">The text is not JSON.</exception>
    public static VideoRequest Parse(string json, string source = "the request")
    {
        try
        {
            using var document = JsonDocument.Parse(json, ReadOptions);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new EngineException(ErrorKind.BadRequest, $"{source} must be one JSON object with the fields of a request.");
            }

            RefuseUnknown(document.RootElement);
            return document.RootElement.Deserialize(RequestJsonContext.Default.VideoRequest)!;
        }
        catch (JsonException e)
        {
            throw Explain(e, source);
        }
    }

    /// <summary>Writes a request; fields that are null are left out.</summary>
    /// <exception cref="RequestException">A picture or clip is in memory, not in a file.</exception>
    public static string Write(VideoRequest request) => JsonSerializer.Serialize(request, RequestJsonContext.Default.VideoRequest);

    /// <summary>The JSON schema of a request, for editors.</summary>
    public static string Schema()
    {
        var options = new JsonSchemaExporterOptions { TransformSchemaNode = MotionJson.Describe, TreatNullObliviousAsNonNullable = true };
        var schema = RequestJsonContext.Default.Options.GetJsonSchemaAsNode(typeof(VideoRequest), options).AsObject();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema["additionalProperties"] = false;
        return schema.ToJsonString(new JsonSerializerOptions { WriteIndented = true, TypeInfoResolver = RequestJsonContext.Default });
    }

    /// <summary>A node of the schema with what the types alone do not say.</summary>
    internal static JsonNode Describe(JsonSchemaExporterContext context, JsonNode node)
    {
        var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        if (type == typeof(SchedulerKind))
        {
            return new JsonObject { ["enum"] = new JsonArray([.. SchedulerNames.All.Select(n => (JsonNode)n)]) };
        }

        if (type == typeof(PictureInput))
        {
            return new JsonObject { ["type"] = "string", ["description"] = "Path of a PNG, JPEG or WebP picture." };
        }

        return type == typeof(ClipInput)
            ? new JsonObject { ["type"] = "string", ["description"] = "Path of a clip, or of a folder of numbered pictures." }
            : node;
    }

    static void RefuseUnknown(JsonElement root)
    {
        var known = RequestJsonContext.Default.VideoRequest.Properties.Select(p => p.Name).ToArray();
        var problems = new List<RequestProblem>();
        foreach (var property in root.EnumerateObject())
        {
            if (!known.Contains(property.Name, StringComparer.Ordinal))
            {
                string near = known.MinBy(k => Distance(k, property.Name))!;
                string hint = Distance(near, property.Name) <= 3 ? $"did you mean '{near}'?" : $"known are {string.Join(", ", known)}.";
                problems.Add(new(property.Name, $"there is no such field; {hint}"));
            }
        }

        if (problems.Count > 0)
        {
            throw new RequestException(problems);
        }
    }

    static EngineException Explain(JsonException e, string source)
    {
        string? at = e.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : null;
        if (at?.StartsWith("motion.", StringComparison.Ordinal) == true)
        {
            return MotionJson.Explain(e, at);
        }

        string? field = at?.Split('[', '.')[0];
        var type = RequestJsonContext.Default.VideoRequest.Properties.FirstOrDefault(p => p.Name == field)?.PropertyType;
        if (field is not null && type is not null)
        {
            return new RequestException(field, $"the value has the wrong type or does not fit; expected {Expected(type)}.", inner: e);
        }

        return NotJson(e, source);
    }

    /// <summary>The sentence for a text that is not JSON.</summary>
    internal static EngineException NotJson(JsonException e, string source)
    {
        string where = e.LineNumber is { } line ? $" at line {line + 1}" : "";
        string what = e.Message.Split(" Path:", 2)[0].Split(" LineNumber:", 2)[0];
        return new EngineException(ErrorKind.BadRequest, $"{source} is not valid JSON{where}: {what}", e);
    }

    static string Expected(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type == typeof(int) || type == typeof(long) ? "a whole number"
            : type == typeof(double) ? "a number"
            : type == typeof(CheckpointFiles) ? "{ \"transformer\": path, \"transformer2\": path, \"vae\": path, \"text_encoder\": path, \"image_encoder\": path, \"tokenizer\": path }"
            : type == typeof(IReadOnlyList<LoraInput>) ? "a list of { \"path\": text, \"strength\": number, \"expert\": \"high\" or \"low\" }"
            : type == typeof(bool) ? "true or false"
            : type == typeof(DeviceChoice) ? DeviceChoice.Forms
            : type == typeof(SchedulerKind) ? string.Join(", ", SchedulerNames.All)
            : type.IsEnum ? string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.KebabCaseLower.ConvertName))
            : type == typeof(PictureInput) || type == typeof(ClipInput) ? "a path as text"
            : type == typeof(IReadOnlyList<PictureInput>) ? "a list of paths"
            : type == typeof(IReadOnlyList<double>) ? "a list of numbers"
            : type == typeof(IReadOnlyList<Keyframe>) ? "a list of objects with image and frame or seconds"
            : type == typeof(Margins) ? "an object with left, top, right and bottom"
            : "text";
    }

    static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int best = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = row[j];
                row[j] = best;
            }
        }

        return row[^1];
    }

    static VideoRequest RootedAt(this VideoRequest request, string folder) => request with
    {
        FirstFrame = Rooted(request.FirstFrame, folder),
        LastFrame = Rooted(request.LastFrame, folder),
        Mask = Rooted(request.Mask, folder),
        Control = Rooted(request.Control, folder),
        Video = Rooted(request.Video, folder),
        References = request.References is { } references ? [.. references.Select(r => Rooted(r, folder)!)] : null,
        Keyframes = request.Keyframes is { } keyframes ? [.. keyframes.Select(k => k with { Image = Rooted(k.Image, folder)! })] : null,
        Motion = request.Motion?.RootedAt(folder),
        Model = request.Model is { } model ? Rooted(model, folder) : null,
        Files = request.Files?.RootedAt(folder),
        Loras = request.Loras?.Select(lora => lora with { Path = Path.Combine(folder, lora.Path) }).ToArray(),
    };

    // What is nowhere may be the name of an installed model.
    static string Rooted(string model, string folder) => Path.Combine(folder, model) is var path && (File.Exists(path) || Directory.Exists(path)) ? path : model;

    static PictureInput? Rooted(PictureInput? picture, string folder) =>
        picture?.Path is { } path ? PictureInput.FromFile(Path.Combine(folder, path)) : picture;

    static ClipInput? Rooted(ClipInput? clip, string folder) =>
        clip?.Path is { } path ? ClipInput.FromFile(Path.Combine(folder, path)) : clip;
}

/// <summary>Names of the samplers, as requests, files and the command line write them.</summary>
public static class SchedulerNames
{
    /// <summary>Every name.</summary>
    public static IReadOnlyList<string> All { get; } = ["unipc", "euler", "dpm++", "turbo"];

    /// <summary>The name of a sampler.</summary>
    public static string Name(this SchedulerKind kind) => All[(int)kind];

    /// <summary>The sampler of that name, or null.</summary>
    public static SchedulerKind? Parse(string name)
    {
        for (int i = 0; i < All.Count; i++)
        {
            if (string.Equals(All[i], name, StringComparison.OrdinalIgnoreCase))
            {
                return (SchedulerKind)i;
            }
        }

        return null;
    }
}

/// <summary>Source-generated, so that reading a request costs no reflection at start-up.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    Converters = [typeof(SchedulerKindJson), typeof(KebabEnumJson<VideoMode>), typeof(KebabEnumJson<ExtendDirection>), typeof(KebabEnumJson<QualityTier>), typeof(KebabEnumJson<LongClip>), typeof(DeviceChoiceJson),
        typeof(KebabEnumJson<MotionUnits>), typeof(KebabEnumJson<MotionOrigin>), typeof(KebabEnumJson<MotionMethod>), typeof(KebabEnumJson<CameraMoveKind>),
        typeof(KebabEnumJson<CameraMethod>), typeof(KebabEnumJson<LoraMode>), typeof(KebabEnumJson<LoraExpert>)])]
[JsonSerializable(typeof(VideoRequest))]
[JsonSerializable(typeof(MotionRequest))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class RequestJsonContext : JsonSerializerContext;

internal sealed class KebabEnumJson<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum;

internal sealed class SchedulerKindJson : JsonConverter<SchedulerKind>
{
    public override SchedulerKind Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && SchedulerNames.Parse(reader.GetString()!) is { } kind ? kind : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, SchedulerKind value, JsonSerializerOptions options) => writer.WriteStringValue(value.Name());
}

internal sealed class PictureInputJson : JsonConverter<PictureInput>
{
    public override PictureInput Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 } path ? PictureInput.FromFile(path) : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, PictureInput value, JsonSerializerOptions options) => writer.WriteStringValue(
        value.Path ?? throw new RequestException("picture", "pixels in memory cannot be written as JSON; give a file."));
}

internal sealed class ClipInputJson : JsonConverter<ClipInput>
{
    public override ClipInput Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 } path ? ClipInput.FromFile(path) : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, ClipInput value, JsonSerializerOptions options) => writer.WriteStringValue(
        value.Path ?? throw new RequestException("video", "frames in memory cannot be written as JSON; give a file."));
}
