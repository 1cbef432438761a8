using System.CommandLine;
using System.Text.Json.Nodes;
using Engine.Cli.Parsing;
using Engine.Cli.Rendering;
using Engine.Runtime;
using Engine.Runtime.Verification;

namespace Engine.Cli.Commands;

/// <summary><c>engine verify FOLDER...</c>: golden cases against the reference implementation's results.</summary>
static class VerifyCommand
{
    public static Command Create()
    {
        var folders = new Argument<string[]>("folder") { Description = "Folders that hold golden cases, or cases", Arity = ArgumentArity.OneOrMore };
        var only = Opt.Text("--only", "NAME,...", "Only these cases");
        var onlyFrom = Opt.Text("--only-from", "FILE", "Only the cases named in a file, one a line");
        var device = DeviceOption.Create();
        var threads = Opt.Int("--threads", "N", "CPU threads; 0 means one per core");
        var command = new Command("verify", "Check this machine's results against the reference implementation's") { folders, only, onlyFrom, device, threads }
            .WithExamples(
                "engine verify tests/goldens --only-from tests/goldens/foundation.txt",
                "engine verify tests/goldens --only builtin-t2v,noise-torch-cpu",
                "ENGINE_ISA=avx2 engine verify tests/goldens --json > report.json");
        command.SetAction((parse, cancel) => RunAsync(
            parse.GetRequiredValue(folders), Names(parse.GetValue(only), parse.GetValue(onlyFrom)),
            parse.GetValue(device) ?? DeviceChoice.Auto, parse.GetValue(threads) ?? 0, parse.GetValue(GlobalOptions.Json), cancel));
        return command;
    }

    static async Task<int> RunAsync(string[] folders, IReadOnlyCollection<string>? only, DeviceChoice device, int threads, bool json, CancellationToken cancel)
    {
        using var opened = DeviceOption.Open(device, threads);
        var rows = new JsonArray();
        var result = await Verifier.RunAsync(folders, only, opened.Device, row =>
        {
            if (json)
            {
                rows.Add(Json(row));
            }
            else
            {
                string outcome = row.Passed ? "ok" : $"FAILED{(row.Message is null ? "" : $"  {row.Message}")}";
                Console.Out.WriteLine($"{row.Case,-34} {row.Tensor,-26} {row.Error,10:0.00e+00} {row.Limit,10:0.00e+00}  {outcome}");
            }
        }, cancel);
        if (json)
        {
            Output.Json(new JsonObject { ["device"] = opened.Device.Name, ["rows"] = rows, ["passed"] = result.Passed, ["failed"] = result.Failed });
        }
        else
        {
            Console.Out.WriteLine($"{result.Passed} passed, {result.Failed} failed");
        }

        return result.Failed == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    static List<string>? Names(string? list, string? file)
    {
        if (list is null && file is null)
        {
            return null;
        }

        var names = new List<string>(list?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? []);
        if (file is not null)
        {
            names.AddRange(InputFile.Lines("--only-from", file));
        }

        return names;
    }

    // Infinity and NaN have no form in JSON.
    static JsonObject Json(VerificationRow row) => new()
    {
        ["case"] = row.Case,
        ["tensor"] = row.Tensor,
        ["error"] = double.IsFinite(row.Error) ? row.Error : null,
        ["limit"] = row.Limit,
        ["ok"] = row.Passed,
        ["message"] = row.Message,
    };
}
