using System.CommandLine;
using System.Text.Json.Nodes;
using Engine.Cli.Parsing;
using Engine.Cli.Rendering;
using Engine.Kernels;
using Engine.Runtime.Benchmarks;

namespace Engine.Cli.Commands;

/// <summary><c>engine bench WHAT</c>: how fast this machine is, without any checkpoint.</summary>
static class BenchCommand
{
    internal static readonly (string Name, BenchKind Kind)[] Kinds =
    [
        ("gemm", BenchKind.Gemm),
        ("attention", BenchKind.Attention),
        ("conv", BenchKind.Conv),
        ("dit", BenchKind.Dit),
        ("vae-decode", BenchKind.VaeDecode),
        ("vae-encode", BenchKind.VaeEncode),
        ("text", BenchKind.Text),
        ("e2e", BenchKind.E2e),
    ];

    public static Command Create()
    {
        var what = Opt.OneOf("what", "What to measure", [.. Kinds.Select(k => k.Name)]);
        var model = Opt.Text("--model", string.Join("|", BenchModel.Names), "Whose sizes (default: builtin)");
        model.CompletionSources.Add([.. BenchModel.Names]);
        var size = Opt.Size("--size", "Size of the clip (default: 256x256; the built-in model's own is 128x128)");
        var frames = Opt.Int("--frames", "N", "Frames of the clip (default: 17)");
        var steps = Opt.Int("--steps", "N", "Sampler steps of e2e (default: 1)");
        var weights = Opt.Choice(
            "--weights", "How weights are stored (default: bf16)",
            ("f32", DType.F32), ("bf16", DType.BF16), ("f16", DType.F16), ("fp8", DType.F8E4M3), ("q8_0", DType.Q8_0), ("q4_k", DType.Q4_K));
        var threads = Opt.Int("--threads", "N", "CPU threads; 0 means one per core");
        var tokens = Opt.Int("--tokens", "N", "text: tokens of the prompt (default: as many as the model takes)");
        var fromDisk = new Option<bool>("--from-disk") { Description = "dit, text: write the weights to a temporary file first and read them from there" };
        var keepText = new Option<bool>("--keep-text") { Description = "dit: keep the text's keys and values over the steps, as generate does" };
        var runs = Opt.Int("--runs", "N", "Timed runs (default: up to 5 within ten seconds)");
        var command = new Command("bench", "Measure speed and memory with random weights") { what, model, size, frames, steps, weights, tokens, fromDisk, keepText, threads, runs }
            .WithExamples(
                "engine bench gemm",
                "engine bench attention --model wan2.1-1.3b --size 256x256 --frames 17",
                "engine bench vae-decode --model wan2.2-5b --size 512x512 --frames 17",
                "engine bench e2e --model wan2.1-1.3b --size 256x256 --frames 17 --steps 1",
                "engine bench dit --model wan-14b --weights fp8 --threads 1 --json");
        command.SetAction((parse, cancel) =>
        {
            var (width, height) = parse.GetValue(size) ?? (256, 256);
            var request = new BenchRequest
            {
                Kind = Kinds.First(k => k.Name == parse.GetRequiredValue(what)).Kind,
                Model = BenchModel.Find(parse.GetValue(model) ?? "builtin", BuiltinModel.Find),
                Width = width,
                Height = height,
                Frames = parse.GetValue(frames) ?? 17,
                Steps = parse.GetValue(steps) ?? 1,
                Weights = parse.GetValue(weights) ?? DType.BF16,
                Tokens = parse.GetValue(tokens) ?? 0,
                KeepText = parse.GetValue(keepText),
                FromDisk = parse.GetValue(fromDisk),
                Threads = parse.GetValue(threads) ?? 0,
                Runs = parse.GetValue(runs) ?? 0,
            };
            Render(Benchmark.Run(request, cancel), parse.GetRequiredValue(what), parse.GetValue(GlobalOptions.Json));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    static void Render(BenchResult result, string what, bool json)
    {
        if (json)
        {
            Output.Json(Json(result, what));
            return;
        }

        Output.Fields(
            (what, $"{result.Request.Model.Name}: {result.What}"),
            ("device", result.Device),
            ("seconds", $"{result.Seconds:0.0000} (median of {result.Runs}; fastest {result.Fastest:0.0000})"),
            ("processor", $"{result.ProcessorSeconds:0.0000} s over all threads (median)"),
            ("speed", $"{result.GFlops:0.0} GFLOP/s, {100 * result.PeakFraction:0} % of the {result.MachinePeak:0} measured here"),
            ("peak memory", Units.Bytes(result.PeakMemory)));
        foreach (var (name, seconds) in result.Parts)
        {
            Output.Fields(($"  {name}", $"{seconds:0.000} s"));
        }
    }

    static JsonObject Json(BenchResult result, string what) => new()
    {
        ["bench"] = what,
        ["model"] = result.Request.Model.Name,
        ["what"] = result.What,
        ["device"] = result.Device,
        ["width"] = result.Request.Width,
        ["height"] = result.Request.Height,
        ["frames"] = result.Request.Frames,
        ["weights"] = result.Request.Weights.ToString().ToLowerInvariant(),
        ["seconds"] = result.Seconds,
        ["fastest_seconds"] = result.Fastest,
        ["runs"] = result.Runs,
        ["processor_seconds"] = result.ProcessorSeconds,
        ["gflops"] = result.GFlops,
        ["machine_peak_gflops"] = result.MachinePeak,
        ["peak_fraction"] = result.PeakFraction,
        ["peak_memory_mb"] = result.PeakMemory / 1e6,
        ["parts"] = new JsonObject(result.Parts.Select(p => KeyValuePair.Create(p.Name, (JsonNode?)p.Seconds))),
    };
}
