using System.CommandLine;
using System.Text.Json.Nodes;
using Engine.Cli.Parsing;
using Engine.Cli.Rendering;
using Engine.Kernels;
using Engine.Kernels.Profiling;
using Engine.Runtime;
using Engine.Runtime.Benchmarks;
using Engine.Runtime.Devices;
using Engine.Runtime.Media;
using Engine.Runtime.Profiling;

namespace Engine.Cli.Commands;

/// <summary><c>engine profile</c>: where the time of a request, of a part of a model or of one operation goes, kernel by kernel.</summary>
static class ProfileCommand
{
    static readonly RequestOptions s_request = new();

    static readonly Option<BenchKind?> s_bench = Opt.Choice(
        "--bench", $"Instead of a request: this part of a model of random weights; --model is then one of {string.Join(", ", BenchModel.Names)}",
        [.. BenchCommand.Kinds.Where(k => k.Kind != BenchKind.E2e)]);

    static readonly Option<string?> s_kernel = Opt.Text("--kernel", "NAME", "Instead of a request: this operation alone; 'list' names them all, with shapes and variants");
    static readonly Option<string?> s_variant = Opt.Text("--variant", "NAME|all", "Which variant of --kernel (default: the one that the engine takes)");
    static readonly Option<string?> s_shape = Opt.Text("--shape", "NxNx...", "Shape of --kernel (default: one that models run)");

    static readonly Option<DType?> s_weights = Opt.Choice(
        "--weights", "How the weights of --bench and --kernel are stored (default: bf16)",
        ("f32", DType.F32), ("bf16", DType.BF16), ("f16", DType.F16), ("fp8", DType.F8E4M3), ("q8_0", DType.Q8_0), ("q4_k", DType.Q4_K));

    static readonly Option<int?> s_runs = Opt.Int("--runs", "N", "How often the work of --bench or --kernel is recorded (default: once; half a second)");
    static readonly Option<bool> s_unchecked = Opt.Flag("--no-check", "Do not hold --kernel against the reference, which is slow at large shapes");
    static readonly Option<bool> s_cold = Opt.Flag("--no-warm-up", "Record the first run of a request: with compilation, and weights read from disk");
    static readonly Option<string?> s_trace = Opt.Text("--trace", "FILE", "Also write every call as a trace for Perfetto or chrome://tracing (.json)");
    static readonly Option<bool> s_all = Opt.Flag("--all", "Show rows of less than 0.05 % too");
    static readonly Option<string?> s_ptx = Opt.Text("--dump-ptx", "FOLDER", "Only write the kernels' PTX (those whose name holds --kernel); needs no GPU");
    static readonly Option<string?> s_cl = Opt.Text("--dump-cl", "FOLDER", "Only write the kernels' OpenCL C, as it is made for --device opencl:N");

    public static Command Create()
    {
        var command = new Command("profile", "Say where the time goes, operation by operation and kernel by kernel, beside the device's measured peak");
        s_request.AddTo(command);
        foreach (var option in (Option[])[s_bench, s_kernel, s_variant, s_shape, s_weights, s_runs, s_unchecked, s_cold, s_trace, s_all, s_ptx, s_cl])
        {
            command.Add(option);
        }

        command.WithExamples(
            "engine profile \"A red ball rolls to the left in a meadow\" --steps 4",
            "engine profile \"A red ball\" --device opencl:0 --trace trace.json   # open it in ui.perfetto.dev",
            "engine profile --bench dit --model wan2.1-1.3b --size 256x256 --frames 17",
            "engine profile --kernel list",
            "engine profile --kernel Linear --shape 256x1536x1536 --variant all --weights q8_0",
            "engine profile --dump-ptx ptx --kernel Attention");
        command.SetAction(RunAsync);
        return command;
    }

    static async Task<int> RunAsync(ParseResult parse, CancellationToken cancel)
    {
        bool json = parse.GetValue(GlobalOptions.Json);
        string? kernel = parse.GetValue(s_kernel);
        if (parse.GetValue(s_ptx) is { } ptx)
        {
            return Dumped(KernelDump.Write(KernelText.Ptx(kernel), ptx, ".ptx"), json);
        }

        if (parse.GetValue(s_cl) is { } cl)
        {
            using var target = Open(parse, DeviceChoice.OpenCl());
            return Dumped(KernelDump.Write(KernelText.OpenCl(target.Device, kernel), cl, ".cl"), json);
        }

        if (kernel is "list")
        {
            List(json);
            return ExitCode.Ok;
        }

        string? trace = parse.GetValue(s_trace);
        if (trace is not null)
        {
            OutputFile.Check(trace);
        }

        var (report, alone) = await MeasureAsync(parse, kernel, cancel);
        if (trace is not null)
        {
            ChromeTrace.Save(report, trace);
        }

        if (json)
        {
            Output.Json(alone is null ? ProfileView.Json(report) : ProfileView.Json(alone));
        }
        else
        {
            ProfileView.Write(report, parse.GetValue(s_all));
            if (alone is not null)
            {
                ProfileView.Write(alone);
            }
        }

        return alone is null || alone.Checks.All(c => c.Passed) ? ExitCode.Ok : ExitCode.Failed;
    }

    static async Task<(ProfileReport Report, KernelReport? Alone)> MeasureAsync(ParseResult parse, string? kernel, CancellationToken cancel)
    {
        var weights = parse.GetValue(s_weights) ?? DType.BF16;
        if (kernel is not null)
        {
            var probe = Probe.Find(kernel);
            using var opened = Open(parse, DeviceChoice.Auto);
            var alone = KernelProfiler.Run(
                probe, parse.GetValue(s_variant), parse.GetValue(s_shape), weights, opened.Device, parse.GetValue(s_runs) ?? 0, !parse.GetValue(s_unchecked), cancel);
            return (alone.Report, alone);
        }

        if (parse.GetValue(s_bench) is { } kind)
        {
            var (width, height) = parse.GetValue<(int, int)?>("--size") ?? (256, 256);
            var work = new BenchRequest
            {
                Kind = kind,
                Model = BenchModel.Find(parse.GetValue<string?>("--model") ?? "builtin", BuiltinModel.Find),
                Width = width,
                Height = height,
                Frames = parse.GetValue<int?>("--frames") ?? 17,
                Weights = weights,
                Runs = parse.GetValue(s_runs) ?? 1,
            };
            using var opened = Open(parse, DeviceChoice.Auto);
            return (WorkProfiler.Run(work, opened, cancel), null);
        }

        var request = s_request.Build(parse);
        var view = ProgressView.For(parse.GetValue(GlobalOptions.Quiet));
        return (await view.RunAsync(() => RequestProfiler.RunAsync(request, EngineHost.Options(request, s_request.Models(parse)), !parse.GetValue(s_cold), view, cancel)), null);
    }

    static OpenedDevice Open(ParseResult parse, DeviceChoice otherwise) =>
        DeviceOption.Open(parse.GetValue<DeviceChoice?>("--device") ?? otherwise, parse.GetValue<int?>("--threads") ?? 0);

    static int Dumped(IReadOnlyList<string> files, bool json)
    {
        if (json)
        {
            Output.Json(new JsonObject { ["files"] = new JsonArray([.. files.Select(f => (JsonNode)f)]) });
        }
        else
        {
            files.ToList().ForEach(Console.Out.WriteLine);
        }

        return ExitCode.Ok;
    }

    static void List(bool json)
    {
        if (json)
        {
            Output.Json(new JsonObject
            {
                ["operations"] = new JsonArray([.. Probe.All.Select(p => (JsonNode)new JsonObject
                {
                    ["name"] = p.Name,
                    ["form"] = p.Form,
                    ["shapes"] = new JsonArray([.. p.Shapes.Select(s => (JsonNode)s)]),
                    ["variants"] = new JsonArray([.. p.Table.Names.Select(n => (JsonNode)n)]),
                })]),
            });
        }
        else
        {
            Output.Table(["operation", "shape", "default", "variants"], Probe.All.Select(p => (string[])[p.Name, p.Form, p.Shapes[0], string.Join(", ", p.Table.Names)]));
        }
    }
}
