using System.CommandLine;
using System.Text.Json.Nodes;
using Engine.Cli.Parsing;
using Engine.Cli.Rendering;
using Engine.Kernels;
using Engine.Runtime.Benchmarks;

namespace Engine.Cli.Commands;

/// <summary><c>engine devices</c>: what this machine can run on.</summary>
static class DevicesCommand
{
    // Said here rather than hidden: this version computes on the processor alone.
    static readonly string[] s_notBuilt = ["cuda", "opencl"];

    public static Command Create()
    {
        var command = new Command("devices", "Show what this machine can run on")
            .WithExamples("engine devices", "engine devices --json", "ENGINE_ISA=avx2 engine devices   # what a narrower machine would do");
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parse)
    {
        using var cpu = new CpuDevice();
        double peak = MachinePeak.Measure(cpu);
        if (parse.GetValue(GlobalOptions.Json))
        {
            var list = new JsonArray(new JsonObject
            {
                ["id"] = "cpu",
                ["available"] = true,
                ["name"] = Machine.ProcessorName,
                ["threads"] = cpu.Pool.Threads,
                ["isa"] = cpu.Isa.ToString(),
                ["memory_bytes"] = Machine.MemoryBytes,
                ["free_memory_bytes"] = Machine.FreeMemoryBytes,
                ["peak_gflops"] = Math.Round(peak, 1),
            });
            foreach (string id in s_notBuilt)
            {
                list.Add(new JsonObject { ["id"] = id, ["available"] = false, ["reason"] = "not built in this version" });
            }

            Output.Json(new JsonObject { ["devices"] = list });
            return ExitCode.Ok;
        }

        string free = Machine.FreeMemoryBytes is { } bytes ? $", {Units.Bytes(bytes)} free" : "";
        Output.Fields(
            ("cpu", Machine.ProcessorName),
            ("  threads", $"{cpu.Pool.Threads}"),
            ("  instructions", $"{cpu.Isa} (widest here: {CpuDevice.WidestPresent})"),
            ("  memory", $"{Units.Bytes(Machine.MemoryBytes)}{free}"),
            ("  peak", $"{peak:0} GFLOP/s in f32, measured"));
        foreach (string id in s_notBuilt)
        {
            Output.Fields((id, "not built in this version; --device takes cpu or auto"));
        }

        return ExitCode.Ok;
    }
}
