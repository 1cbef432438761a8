using System.CommandLine;
using System.Text.Json.Nodes;
using Engine.Cli.Parsing;
using Engine.Cli.Rendering;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Runtime.Media;

namespace Engine.Cli.Commands;

/// <summary><c>engine convert IN OUT --type TYPE</c>: a weight file in another format and precision.</summary>
static class ConvertCommand
{
    static readonly (string Name, DType Value)[] s_types =
    [
        .. WeightConverter.Types.Select(type => (type switch
        {
            DType.F8E4M3 => "fp8_e4m3",
            DType.F8E5M2 => "fp8_e5m2",
            _ => type.ToString().ToLowerInvariant(),
        }, type)),
    ];

    static readonly (string Name, int Value)[] s_parts = [("transformer", 0), ("transformer2", 1), ("vae", 2), ("text-encoder", 3), ("image-encoder", 4)];

    public static Command Create()
    {
        var input = new Argument<string>("in") { Description = "Weight file, index of a sharded one, or model folder" };
        var output = new Argument<string>("out") { Description = "File to write: .safetensors, or .gguf (which the quantised types need)" };
        var type = Opt.Choice("--type", "Precision of the matrices; embeddings, norms and the output layer keep theirs in the small ones", s_types);
        type.Required = true;
        var part = Opt.Choice("--part", "Of a model folder: which part (default: transformer)", s_parts);
        var diffusers = Opt.Flag("--diffusers-names", "Keep diffusers' names instead of Wan's own");
        var tokenizer = Opt.Text("--tokenizer", "FILE", "Text encoders in GGUF: the spiece.model to put in (default: the one beside them)");
        var command = new Command("convert", "Write a weight file in another format and precision") { input, output, type, part, diffusers, tokenizer }
            .WithExamples(
                "engine convert wan2.1_t2v_14B_bf16.safetensors wan2.1_t2v_14B_q4_k.gguf --type q4_k",
                "engine convert Wan2.2-I2V-A14B low.safetensors --part transformer2 --type fp8_e4m3",
                "engine convert models_t5_umt5-xxl-enc-bf16.pth umt5-xxl-q8_0.gguf --type q8_0 --tokenizer spiece.model");
        command.SetAction((parse, cancel) => Task.FromResult(Run(
            parse.GetRequiredValue(input),
            parse.GetRequiredValue(output),
            parse.GetValue(type)!.Value,
            parse.GetValue(part) ?? 0,
            parse.GetValue(diffusers),
            parse.GetValue(tokenizer),
            ProgressView.For(parse.GetValue(GlobalOptions.Quiet)),
            parse.GetValue(GlobalOptions.Json),
            cancel)));
        return command;
    }

    static int Run(string input, string output, DType type, int part, bool diffusersNames, string? tokenizer, ProgressView view, bool json, CancellationToken cancel)
    {
        bool gguf = Path.GetExtension(output).ToLowerInvariant() switch
        {
            ".gguf" => true,
            ".safetensors" => false,
            var other => throw new EngineException(ErrorKind.BadRequest, $"<out> ends with '{other}'; it takes a name that ends with .safetensors or .gguf."),
        };
        var from = Find(input, part);
        tokenizer ??= TokenizerFile.Near(from.Kind == ModelPart.TextEncoder ? from.Path : null);
        if (Path.GetFullPath(output) == Path.GetFullPath(from.Path))
        {
            throw new EngineException(ErrorKind.BadRequest, "<out> is the file that is read; name another.");
        }

        OutputFile.Check(output);
        view.Note(from.Describe());
        ConversionResult? result = null;
        int told = 0;
        OutputFile.Write(output, stream => result = WeightConverter.Convert(from, stream, gguf, type, diffusersNames, tokenizer, share =>
        {
            int tenth = (int)(share * 10);
            if (tenth > told)
            {
                told = tenth;
                view.Note($"{tenth * 10} %");
            }
        }, cancel));
        long bytes = new FileInfo(output).Length;
        if (json)
        {
            Output.Json(new JsonObject
            {
                ["path"] = output,
                ["bytes"] = bytes,
                ["types"] = new JsonObject(result!.Types.Select(t => KeyValuePair.Create(t.Type.ToString(), (JsonNode?)t.Bytes))),
            });
        }
        else
        {
            Console.Out.WriteLine(output);
            view.Note($"{Units.Bytes(bytes)}: {string.Join(", ", result!.Types.Select(t => $"{t.Tensors} tensors as {t.Type}"))}");
        }

        return ExitCode.Ok;
    }

    static CheckpointPart Find(string input, int part)
    {
        string name = part switch { 0 => "transformer", 1 => "second transformer", 2 => "VAE", 3 => "text encoder", _ => "image encoder" };

        // A file's sizes need not be known to rewrite its tensors.
        var parts = File.Exists(input) ? CheckpointPart.InFile(input) : Checkpoint.Open(input).Parts;
        return parts.Count == 1 && File.Exists(input) ? parts[0] : parts.FirstOrDefault(p => p.Name == name)
            ?? throw new EngineException(ErrorKind.BadInput, $"{input} has no {name}; it has {string.Join(", ", parts.Select(p => p.Name))}.");
    }
}
