using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Engine.Kernels;

namespace Engine.Runtime;

/// <summary>Motion requests as JSON: the field <c>motion</c> of a request, and the files that <c>--track</c> reads.</summary>
/// <remarks>
/// The rules are those of <see cref="VideoRequestJson"/>. <c>docs/motion.schema.json</c> is <see cref="Schema"/>'s text; a test holds the
/// two together.
/// </remarks>
public static class MotionJson
{
    static readonly Dictionary<string, string> s_descriptions = new(StringComparer.Ordinal)
    {
        ["brushes"] = "Regions that move, each along its path. Where two meet, the later one is in front.",
        ["tracks"] = "Single points that move, as a tracker finds them.",
        ["static_mask"] = "White where nothing may move; as large as the first picture.",
        ["camera"] = "How the camera moves.",
        ["units"] = "What the numbers of points are. Without it: fractions where all lie within -1 to 2, else pixels of the first picture.",
        ["origin"] = "Where 0,0 is. Default: top-left.",
        ["tweak_index"] = "Time-to-Move: step at which sampling starts from the noised dragged clip.",
        ["strong_index"] = "Time-to-Move: step up to which what was dragged is put back after every step.",
        ["drag_video"] = "Time-to-Move: a dragged clip made elsewhere, in place of brushes.",
        ["drag_mask"] = "Time-to-Move: white where drag_video shows what was dragged, frame by frame.",
        ["mask"] = "The region as a picture that is white in it, as large as the first picture.",
        ["stroke"] = "The region as a stroke of a round brush through these points; one point is a disc.",
        ["brush_size"] = "Diameter of the stroke's brush, pixels of the first picture. Default: 20.",
        ["path"] = "Where the region goes: a smooth curve through these points, as far as it goes from its first one.",
        ["scale"] = "Size at the end over size at the start. Default: 1.",
        ["rotate"] = "Degrees that the region has turned clockwise at the end. Default: 0.",
        ["points"] = "Where the point is: 2 to 77 points, or one for each frame.",
        ["visible"] = "Whether the point is seen: one for each point, or none.",
        ["moves"] = "Moves that happen at the same time, over the whole clip.",
        ["control"] = "The six numbers of Kling's camera_control, -10 to 10 each.",
        ["poses_file"] = "Poses as RealEstate10K and CameraCtrl write them: a heading, then time fx fy cx cy 0 0 and world-to-camera 3x4 for each frame.",
        ["amount"] = "How far, above 0 to 1. Default: 0.5.",
    };

    /// <summary>Reads a motion request from a file; relative paths in it count from its folder.</summary>
    /// <exception cref="RequestException">A field is unknown, repeated or of the wrong type.</exception>
    /// <exception cref="EngineException">The file cannot be read or is not JSON.</exception>
    public static MotionRequest Load(string path) =>
        Parse(VideoRequestJson.ReadText(path), path).RootedAt(Path.GetDirectoryName(Path.GetFullPath(path))!);

    /// <summary>Reads a motion request from text.</summary>
    /// <param name="json">One JSON object.</param>
    /// <param name="source">Name of the text, for messages.</param>
    /// <exception cref="RequestException">A field is unknown, repeated or of the wrong type.</exception>
    /// <exception cref="EngineException">The text is not JSON.</exception>
    public static MotionRequest Parse(string json, string source = "the motion")
    {
        try
        {
            using var document = JsonDocument.Parse(json, VideoRequestJson.ReadOptions);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Deserialize(RequestJsonContext.Default.MotionRequest)!
                : throw new EngineException(ErrorKind.BadRequest, $"{source} must be one JSON object with the fields of a motion request.");
        }
        catch (JsonException e)
        {
            throw e.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal)
                ? Explain(e, $"motion.{path[2..]}")
                : VideoRequestJson.NotJson(e, source);
        }
    }

    /// <summary>Writes a motion request; fields that are null are left out.</summary>
    /// <exception cref="RequestException">A picture or clip is in memory, not in a file.</exception>
    public static string Write(MotionRequest motion) => JsonSerializer.Serialize(motion, RequestJsonContext.Default.MotionRequest);

    /// <summary>The JSON schema of a motion request.</summary>
    public static string Schema()
    {
        var options = new JsonSchemaExporterOptions { TransformSchemaNode = Describe, TreatNullObliviousAsNonNullable = true };
        var schema = RequestJsonContext.Default.Options.GetJsonSchemaAsNode(typeof(MotionRequest), options).AsObject();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "Motion brush and camera");
        return schema.ToJsonString(new JsonSerializerOptions { WriteIndented = true, TypeInfoResolver = RequestJsonContext.Default });
    }

    /// <summary>A node of the schema with what the types alone do not say.</summary>
    internal static JsonNode Describe(JsonSchemaExporterContext context, JsonNode node)
    {
        node = context.TypeInfo.Type == typeof(MotionPoint) ? Point() : VideoRequestJson.Describe(context, node);
        if (node is not JsonObject known || context.PropertyInfo?.Name is not { } name || context.PropertyInfo.DeclaringType == typeof(VideoRequest))
        {
            return node;
        }

        if (s_descriptions.TryGetValue(name, out string? text))
        {
            known.Remove("description");
            known.Insert(0, "description", text);
        }

        (double? Least, double? Most, int? Fewest, int? Longest) limits = name switch
        {
            "path" => (null, null, 2, MotionRequest.MaxPoints),
            "points" => (null, null, 2, null),
            "brush_size" => (1, MotionRequest.MaxBrushSize, null, null),
            "horizontal" or "vertical" or "pan" or "tilt" or "roll" or "zoom" => (-CameraControl.Most, CameraControl.Most, null, null),
            "tweak_index" or "strong_index" => (0, null, null, null),
            "amount" => (0, 1, null, null),
            _ => default,
        };
        Limit(known, "minimum", limits.Least);
        Limit(known, "maximum", limits.Most);
        Limit(known, "minItems", limits.Fewest);
        Limit(known, "maxItems", limits.Longest);
        return known;
    }

    /// <summary>The sentence for a value inside a motion request that cannot be read.</summary>
    internal static RequestException Explain(JsonException e, string field)
    {
        string name = field[(field.LastIndexOf('.') + 1)..];
        return new RequestException(
            field,
            e.Message.Contains("could not be mapped", StringComparison.Ordinal)
                ? $"there is no field '{name}'; docs/motion.schema.json lists them."
                : "the value has the wrong type or does not fit; docs/motion.schema.json says what is expected.",
            inner: e);
    }

    static JsonObject Point()
    {
        var numbers = new JsonObject
        {
            ["type"] = "array",
            ["items"] = new JsonObject { ["type"] = "number" },
            ["minItems"] = 2,
            ["maxItems"] = 3,
        };
        var named = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["x"] = Number(), ["y"] = Number(), ["time"] = Number() },
            ["required"] = new JsonArray("x", "y"),
            ["additionalProperties"] = false,
        };
        return new JsonObject
        {
            ["description"] = "[x, y], or [x, y, time] with a time of 0 (first frame) to 1 (last frame).",
            ["anyOf"] = new JsonArray(numbers, named),
        };
    }

    static JsonObject Number() => new() { ["type"] = "number" };

    static void Limit(JsonObject node, string name, double? value)
    {
        if (value is { } number)
        {
            node[name] = number;
        }
    }
}
