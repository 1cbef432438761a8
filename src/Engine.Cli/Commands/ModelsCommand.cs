using System.CommandLine;
using Engine.Cli.Parsing;
using Engine.Cli.Rendering;
using Engine.Runtime;

namespace Engine.Cli.Commands;

/// <summary><c>engine models</c>: the built-in and the installed models, and which of them each tier takes here.</summary>
static class ModelsCommand
{
    public static Command Create()
    {
        var folder = ModelOptions.Folder();
        var device = DeviceOption.Create();
        var memory = Opt.Bytes("--memory", "Most memory that a tier's choice may count on (default: nine tenths of what there is)");
        var command = new Command("models", "List the built-in and the installed models, and which of them each tier takes on this machine") { folder, device, memory }
            .WithExamples(
                "engine models",
                "engine models --models /data/wan --json",
                $"{ModelsFolder.Variable}=/data/wan engine generate \"A cat\" --model Wan2.1-T2V-1.3B -o cat.mp4");
        command.SetAction(async (parse, cancel) =>
        {
            var options = EngineHost.Options(parse.GetValue(folder));
            options.Device = parse.GetValue(device) ?? options.Device;
            options.MemoryLimit = parse.GetValue(memory);
            await using var engine = new VideoEngine(options);
            ModelsView.Show(await engine.ModelsAsync(cancel), parse.GetValue(GlobalOptions.Json));
            return ExitCode.Ok;
        });
        return command;
    }
}
