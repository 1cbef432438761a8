using System.CommandLine;
using System.Text.Json.Nodes;
using Engine.Cli.Parsing;
using Engine.Cli.Rendering;
using Engine.Runtime;
using Engine.Runtime.Planning;

namespace Engine.Cli.Commands;

/// <summary><c>engine plan "..."</c>: what a request would take, without running it.</summary>
static class PlanCommand
{
    public static Command Create()
    {
        var request = new RequestOptions();
        var command = new Command("plan", "Say what memory and time a request would take, without running it");
        request.AddTo(command);
        command.WithExamples(
            "engine plan \"A red ball rolls to the left in a meadow\"",
            "engine plan \"A red ball\" --size 512x512 --frames 81 --memory 2GB",
            "engine plan \"A red ball\" --tier pro                       # which installed model it takes, and why",
            "engine plan --config request.json --json");
        command.SetAction((parse, cancel) => RunAsync(request.Build(parse), request.Models(parse), parse.GetValue(GlobalOptions.Json), cancel));
        return command;
    }

    static async Task<int> RunAsync(VideoRequest request, string? models, bool json, CancellationToken cancel)
    {
        await using var engine = EngineHost.Create(request, models);
        var plan = await engine.PlanAsync(request, cancel);
        if (json)
        {
            Output.Json(Json(plan));
            return ExitCode.Ok;
        }

        var resolved = plan.Request;
        Output.Fields(
            ("model", resolved.ModelName),
            ("device", plan.Device),
            ("clip", $"{resolved.Width}x{resolved.Height}, {resolved.OutputFrames} frames at {resolved.Fps:0.##} a second, {resolved.Steps - resolved.FirstStep} steps"),
            ("peak memory", $"{Units.Bytes(plan.Peak)} of {Units.Bytes(plan.Limit)}"),
            ("time", plan.Seconds is { } seconds ? $"about {Units.Duration(TimeSpan.FromSeconds(seconds))}" : null),
            ("transformer", plan.StreamsTransformer ? $"read from disk in every step{(plan.DiskSpeed is { } disk ? $" ({Units.Bytes((long)disk)} a second, measured)" : "")}" : "in memory"),
            ("tiles", plan.TileSize > 0 ? $"{plan.TileSize} pixels" : "none, frames are done whole"));
        Console.Out.WriteLine();
        Output.Table(
            ["stage", ">memory", ">time", "holds"],
            plan.Stages.Select(s => (string[])[s.Stage.ToString(), Units.Bytes(s.Bytes), s.Seconds is { } t ? Units.Duration(TimeSpan.FromSeconds(t)) : "-", s.Holds]));
        if (plan.Alternatives.Count > 0)
        {
            Console.Out.WriteLine();
            Output.Table(
                ["or", ">memory", ">time"],
                plan.Alternatives.Select(a => (string[])[Output.Printable(a.How), Units.Bytes(a.Bytes), a.Seconds is { } t ? Units.Duration(TimeSpan.FromSeconds(t)) : "-"]));
        }

        foreach (string note in plan.Notes.Concat(resolved.Notes))
        {
            Console.Out.WriteLine($"note: {Output.Printable(note)}");
        }

        return ExitCode.Ok;
    }

    static JsonObject Json(MemoryPlan plan) => new()
    {
        ["model"] = plan.Request.ModelName,
        ["model_path"] = plan.Request.ModelPath,
        ["model_choice"] = ModelsView.Json(plan.Request.Choice),
        ["device"] = plan.Device,
        ["width"] = plan.Request.Width,
        ["height"] = plan.Request.Height,
        ["frames"] = plan.Request.OutputFrames,
        ["steps"] = plan.Request.Steps - plan.Request.FirstStep,
        ["peak_bytes"] = plan.Peak,
        ["limit_bytes"] = plan.Limit,
        ["baseline_bytes"] = plan.Baseline,
        ["seconds"] = plan.Seconds,
        ["tile_size"] = plan.TileSize,
        ["streams_text_encoder"] = plan.StreamsTextEncoder,
        ["releases_parts"] = plan.ReleasesParts,
        ["streams_transformer"] = plan.StreamsTransformer,
        ["disk_bytes_per_second"] = plan.DiskSpeed,
        ["alternatives"] = new JsonArray([.. plan.Alternatives.Select(a => (JsonNode)new JsonObject { ["how"] = a.How, ["bytes"] = a.Bytes, ["seconds"] = a.Seconds })]),
        ["stages"] = new JsonArray([.. plan.Stages.Select(s => (JsonNode)new JsonObject
        {
            ["stage"] = s.Stage.ToString(),
            ["bytes"] = s.Bytes,
            ["seconds"] = s.Seconds,
            ["holds"] = s.Holds,
        })]),
        ["notes"] = new JsonArray([.. plan.Notes.Concat(plan.Request.Notes).Select(n => (JsonNode)n)]),
    };
}
