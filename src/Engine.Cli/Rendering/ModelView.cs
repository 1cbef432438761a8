using System.Text.Json.Nodes;
using Engine.Model.Checkpoints;
using Engine.Model.Weights;

namespace Engine.Cli.Rendering;

/// <summary>Shows what a model or a weight file is.</summary>
static class ModelView
{
    // A long list of names says no more than its beginning.
    const int MostNames = 20;

    /// <summary>Prints it.</summary>
    public static void Show(Inspection model, bool json, bool withTensors)
    {
        if (json)
        {
            Output.Json(Json(model, withTensors));
            return;
        }

        var info = model.Checkpoint is { Transformer: not null } opened ? opened.Info : null;
        Output.Fields(
            ("model", model.Name),
            ("path", model.Path),
            ("layout", model.Layout),
            ("can do", info is null ? null : string.Join(", ", Abilities(info))),
            ("made for", info is null ? null : $"{info.Width}x{info.Height}, {info.Frames} frames at {info.Fps:0.##} a second, {info.Steps} steps, guidance {info.Guidance:0.##}"),
            ("sampler", model.Checkpoint?.Scheduler is { } s ? $"{s.Kind}, shift {s.FlowShift:0.##}" : null));
        Console.Out.WriteLine();
        Output.Table(
            ["part", "what it is", ">tensors", ">values", ">bytes", "stored as"],
            model.Parts.Select(p => (string[])
            [
                p.Name, p.Identity?.Name ?? "unreadable", $"{p.Tensors.Count}", Count(p.Values),
                p.IsList ? "-" : Units.Bytes(p.Bytes), p.IsList ? "-" : string.Join(", ", p.Types.Select(t => t.Type)),
            ]));
        foreach (var part in model.Parts)
        {
            Names($"{part.Name}: missing", part.Identity?.Missing);
            Names($"{part.Name}: not of this model", part.Identity?.Part is null ? null : part.Identity.Extra);
            Names($"{part.Name}: wrong shape", part.Identity?.Misshapen);
        }

        foreach (string problem in model.Problems)
        {
            Console.Out.WriteLine($"problem: {problem}");
        }

        if (withTensors)
        {
            foreach (var part in model.Parts.Where(p => p.Tensors.Count > 0))
            {
                Console.Out.WriteLine();
                Output.Table(["tensor", "type", "shape", ">bytes"], part.Tensors.Select(t => (string[])
                [
                    t.Name, part.IsList ? "-" : t.Type.ToString(), Shape(t), part.IsList ? "-" : $"{t.Bytes}",
                ]));
            }
        }
    }

    /// <summary>What a model can be asked for, in words.</summary>
    public static IEnumerable<string> Abilities(ModelInfo info) =>
        Enum.GetValues<Abilities>().Where(a => a != Model.Checkpoints.Abilities.None && info.Abilities.HasFlag(a)).Select(a => a switch
        {
            Model.Checkpoints.Abilities.Text => "text",
            Model.Checkpoints.Abilities.FirstFrame => "first frame",
            Model.Checkpoints.Abilities.FirstLastFrame => "first and last frame",
            Model.Checkpoints.Abilities.Extend => "extend a clip",
            Model.Checkpoints.Abilities.Mask => "edit under a mask",
            Model.Checkpoints.Abilities.Keyframes => "pictures at any time",
            Model.Checkpoints.Abilities.ExtendBackward => "lead up to a clip",
            Model.Checkpoints.Abilities.References => "reference pictures",
            Model.Checkpoints.Abilities.Control => "follow a control clip",
            Model.Checkpoints.Abilities.Camera => "camera path",
            Model.Checkpoints.Abilities.Tracks => "tracks",
            _ => "restyle a clip",
        });

    static void Names(string what, IReadOnlyList<string>? names)
    {
        if (names is not { Count: > 0 })
        {
            return;
        }

        Console.Out.WriteLine($"{what} ({names.Count}):");
        foreach (string name in names.Take(MostNames))
        {
            Console.Out.WriteLine($"  {Output.Printable(name)}");
        }

        if (names.Count > MostNames)
        {
            Console.Out.WriteLine($"  and {names.Count - MostNames} more (--json has all)");
        }
    }

    static JsonObject Json(Inspection model, bool withTensors) => new()
    {
        ["path"] = model.Path,
        ["kind"] = "model",
        ["name"] = model.Name,
        ["layout"] = model.Layout,
        ["complete"] = model.IsComplete,
        ["abilities"] = model.Checkpoint is { Transformer: not null } opened ? Array(Abilities(opened.Info)) : null,
        ["problems"] = Array(model.Problems),
        ["parts"] = new JsonArray([.. model.Parts.Select(p => (JsonNode)Json(p, withTensors))]),
    };

    static JsonObject Json(InspectedPart part, bool withTensors)
    {
        var json = new JsonObject
        {
            ["name"] = part.Name,
            ["path"] = part.Path,
            ["identity"] = part.Identity?.Name,
            ["candidates"] = Array(part.Identity?.Candidates ?? []),
            ["tensors"] = part.Tensors.Count,
            ["values"] = part.Values,
            ["bytes"] = part.IsList ? null : part.Bytes,
            ["types"] = part.IsList ? null : Array(part.Types.Select(t => t.Type.ToString())),
            ["missing"] = Array(part.Identity?.Missing ?? []),
            ["extra"] = Array(part.Identity?.Part is null ? [] : part.Identity.Extra),
            ["misshapen"] = Array(part.Identity?.Misshapen ?? []),
            ["metadata"] = new JsonObject(part.Metadata.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value))),
            ["problem"] = part.Problem,
        };
        if (withTensors)
        {
            json["list"] = new JsonArray([.. part.Tensors.Select(t => (JsonNode)new JsonObject
            {
                ["name"] = t.Name,
                ["type"] = part.IsList ? null : t.Type.ToString(),
                ["shape"] = new JsonArray([.. t.Shape.Select(e => (JsonNode)e)]),
                ["bytes"] = part.IsList ? null : t.Bytes,
            })]);
        }

        return json;
    }

    static JsonArray Array(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);

    static string Shape(TensorInfo tensor) => $"[{string.Join(", ", tensor.Shape)}]";

    /// <summary>A number of values with G, M or k.</summary>
    public static string Count(double values) => values switch
    {
        >= 1e9 => $"{values / 1e9:0.00} G",
        >= 1e6 => $"{values / 1e6:0.0} M",
        >= 1e3 => $"{values / 1e3:0.0} k",
        _ => $"{values}",
    };
}
