using System.CommandLine;
using Engine.Cli.Parsing;
using Engine.Cli.Rendering;
using Engine.Kernels;
using Engine.Runtime;
using Engine.Runtime.Benchmarks;
using Engine.Runtime.Media;
using Engine.Runtime.Profiling;

namespace Engine.Cli.Commands;

/// <summary><c>engine profile</c>: where the time of a request, of a part of a model or of one operation goes, kernel by kernel.</summary>
static class ProfileCommand
{
    public static Command Create()
    {
        var request = new RequestOptions();
        var bench = Opt.Choice(
            "--bench", $"Instead of a request: this part of a model of random weights; --model is then one of {string.Join(", ", BenchModel.Names)}",
            [.. BenchCommand.Kinds.Where(k => k.Kind != BenchKind.E2e)]);
        var weights = Opt.Choice(
            "--weights", "How the weights of --bench are stored (default: bf16)",
            ("f32", DType.F32), ("bf16", DType.BF16), ("f16", DType.F16), ("fp8", DType.F8E4M3));
        var runs = Opt.Int("--runs", "N", "How often the work of --bench is recorded (default: 1)");
        var cold = Opt.Flag("--no-warm-up", "Record the first run of a request: with compilation, and weights read from disk");
        var trace = Opt.Text("--trace", "FILE", "Also write every call as a trace for Perfetto or chrome://tracing (.json)");
        var all = Opt.Flag("--all", "Show rows of less than 0.05 % too");
        var command = new Command("profile", "Say where the time goes, operation by operation and kernel by kernel, beside the device's measured peak");
        request.AddTo(command);
        foreach (var option in (Option[])[bench, weights, runs, cold, trace, all])
        {
            command.Add(option);
        }

        command.WithExamples(
            "engine profile \"A red ball rolls to the left in a meadow\" --steps 4",
            "engine profile \"A red ball\" --device opencl:0 --trace trace.json   # open it in ui.perfetto.dev",
            "engine profile --bench dit --model wan2.1-1.3b --size 256x256 --frames 17",
            "engine profile --bench vae-decode --device cuda:0 --json");
        command.SetAction(async (parse, cancel) =>
        {
            if (parse.GetValue(trace) is { } file)
            {
                OutputFile.Check(file);
            }

            ProfileReport report;
            if (parse.GetValue(bench) is { } kind)
            {
                var (width, height) = parse.GetValue<(int, int)?>("--size") ?? (256, 256);
                using var opened = DeviceOption.Open(parse.GetValue<DeviceChoice?>("--device") ?? DeviceChoice.Auto, parse.GetValue<int?>("--threads") ?? 0);
                report = WorkProfiler.Run(
                    new BenchRequest
                    {
                        Kind = kind,
                        Model = BenchModel.Find(parse.GetValue<string?>("--model") ?? "builtin", BuiltinModel.Find),
                        Width = width,
                        Height = height,
                        Frames = parse.GetValue<int?>("--frames") ?? 17,
                        Weights = parse.GetValue(weights) ?? DType.BF16,
                        Runs = parse.GetValue(runs) ?? 1,
                    },
                    opened,
                    cancel);
            }
            else
            {
                report = await ProfileRequestAsync(
                    request.Build(parse), !parse.GetValue(cold), parse.GetValue(GlobalOptions.Quiet), cancel);
            }

            if (parse.GetValue(trace) is { } target)
            {
                ChromeTrace.Save(report, target);
            }

            Show(report, parse.GetValue(GlobalOptions.Json), parse.GetValue(all));
            return ExitCode.Ok;
        });
        return command;
    }

    static async Task<ProfileReport> ProfileRequestAsync(VideoRequest request, bool warmUp, bool quiet, CancellationToken cancel)
    {
        var view = ProgressView.For(quiet);
        return await view.RunAsync(() => RequestProfiler.RunAsync(request, EngineHost.Options(request), warmUp, view, cancel));
    }

    static void Show(ProfileReport report, bool json, bool all)
    {
        if (json)
        {
            Output.Json(ProfileView.Json(report));
        }
        else
        {
            ProfileView.Write(report, all);
        }
    }
}
