using System.CommandLine;
using System.Text.Json.Nodes;
using Engine.Cli.Parsing;
using Engine.Cli.Rendering;
using Engine.Runtime.Devices;

namespace Engine.Cli.Commands;

/// <summary><c>engine devices</c>: what this machine can run on, and how fast it is.</summary>
static class DevicesCommand
{
    public static Command Create()
    {
        var command = new Command("devices", "Show what this machine can run on, measured")
            .WithExamples("engine devices", "engine devices --json", "ENGINE_ISA=avx2 engine devices   # what a narrower machine would do");
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parse)
    {
        var devices = DeviceSurvey.Run();
        if (parse.GetValue(GlobalOptions.Json))
        {
            Output.Json(new JsonObject { ["devices"] = new JsonArray([.. devices.Select(d => (JsonNode)Json(d))]) });
            return ExitCode.Ok;
        }

        Output.Fields([.. devices.SelectMany(Fields)]);
        return ExitCode.Ok;
    }

    static IEnumerable<(string Name, string? Value)> Fields(SurveyedDevice device)
    {
        var info = device.Info;
        if (device.Problem is { } problem)
        {
            yield return (info.Id, info.Name.Length == 0 ? $"none: {problem}" : $"{info.Name}: cannot be used: {problem}");
            yield break;
        }

        string free = device.FreeMemory is { } bytes ? $", {Units.Bytes(bytes)} free" : "";
        yield return (info.Id, $"{info.Name}{(device.IsAuto ? "  (what --device auto takes)" : "")}");
        yield return ("  threads", device.Threads?.ToString());
        yield return (info.Kind == Kernels.DeviceKind.Cpu ? "  instructions" : "  capability", info.Capability);
        yield return ("  driver", info.Driver.Length == 0 ? null : info.Driver);
        yield return ("  memory", $"{Units.Bytes(info.MemoryBytes)}{free}");
        yield return ("  peak", $"{device.Peak.FlopsPerSecond / 1e9:0} GFLOP/s in f32, {device.Peak.BytesPerSecond / 1e9:0.0} GB/s, measured");
        yield return ("  linear layer", device.Linear.InWords);
    }

    static JsonObject Json(SurveyedDevice device)
    {
        var info = device.Info;
        var json = new JsonObject { ["id"] = info.Id, ["available"] = device.Problem is null, ["name"] = info.Name };
        if (device.Problem is { } problem)
        {
            json["reason"] = problem;
            return json;
        }

        json["auto"] = device.IsAuto;
        json["threads"] = device.Threads;
        json[info.Kind == Kernels.DeviceKind.Cpu ? "isa" : "capability"] = info.Capability;
        json["driver"] = info.Driver;
        json["memory_bytes"] = info.MemoryBytes;
        json["free_memory_bytes"] = device.FreeMemory;
        json["peak_gflops"] = Math.Round(device.Peak.FlopsPerSecond / 1e9, 1);
        json["bandwidth_gb_per_second"] = Math.Round(device.Peak.BytesPerSecond / 1e9, 2);
        json["linear_gflops"] = device.Linear.GFlops is { } speed ? Math.Round(speed, 1) : null;
        json["linear_problem"] = device.Linear.Problem;
        return json;
    }
}
