using System.CommandLine;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Engine.Cli.Parsing;
using Engine.Cli.Rendering;
using Engine.Kernels;
using Engine.Runtime;
using Engine.Runtime.Benchmarks;
using Engine.Runtime.Media;

namespace Engine.Cli.Commands;

/// <summary><c>engine generate "..." -o clip.mp4</c>: from a request to a file.</summary>
static class GenerateCommand
{
    public static Command Create()
    {
        var request = new RequestOptions();
        var output = Opt.Text("--output", "FILE", "Clip to write: .mp4, .webm, .gif, .avi, .apng, .y4m, or a folder of PNG files", "-o");
        var sheet = Opt.Text("--sheet", "FILE", "Also write a contact sheet of frames (.png, .jpg or .webp)");
        var preview = Opt.Int("--preview", "N", "Write a small picture of the clip so far every N steps");
        var previewFile = Opt.Text("--preview-file", "FILE", "Where to (default: the clip's name with .preview.png)");
        var resume = Opt.Flag("--resume", "Go on where a job with the same request was killed; keeps its state while it runs");
        var state = Opt.Text("--state", "FILE", "Keep the job's state in this file (default with --resume: the clip's name with .state)");
        var motion = Opt.Text("--preview-motion", "FILE", "Only draw brushes, paths and the camera's frame over --image: a picture, or a clip (.mp4, .gif...)");
        var command = new Command("generate", "Make a clip from text, and from pictures or a clip");
        request.AddTo(command);
        foreach (var option in (Option[])[output, sheet, preview, previewFile, resume, state, motion])
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetResult(output) is null && result.GetResult(motion) is null)
            {
                result.AddError($"--output is missing ({output.Description})");
            }
        });
        command.WithExamples(
            "engine generate \"A red ball rolls to the left in a meadow\" -o ball.mp4",
            "engine generate \"A blue cube bounces in a desert\" -o cube.gif --seed 7 --steps 30 --sheet cube.png",
            "engine generate \"A ring rolls right\" --image first.png --end-image last.png -o ring.mp4",
            "engine generate \"The ball falls\" --video ball.mp4 --mode extend --overlap 5 -o longer.mp4",
            "engine generate \"A green ball\" --video ball.mp4 --mask mask.png -o green.mp4",
            "engine generate \"A red ball in a meadow\" --image a.png --brush \"ball.png: 0.2,0.5 -> 0.5,0.4 -> 0.8,0.5\" --static sky.png -o moved.mp4",
            "engine generate \"A meadow\" --image a.png --camera \"pan left 0.3, zoom in\" -o pan.mp4",
            "engine generate --image a.png --brush \"ball.png: 0.2,0.5 -> 0.8,0.5\" --preview-motion motion.png",
            "engine generate \"A cat\" -m wan-14b --lora style.safetensors:0.8 --lora lightning.safetensors --turbo -o cat.mp4",
            "engine generate --config request.json -o clip.webm --preview 5",
            "engine generate \"A long one\" -o long.mp4 --resume        # killed? the same line goes on");
        command.SetAction((parse, cancel) =>
        {
            if (parse.GetValue(motion) is { } drawing)
            {
                return MotionPreviewCommand.RunAsync(request.Build(parse), drawing, parse.GetValue(GlobalOptions.Json), cancel);
            }

            string clip = parse.GetRequiredValue(output)!;
            var files = new Files(
                clip,
                parse.GetValue(sheet),
                parse.GetValue(previewFile) ?? $"{clip.TrimEnd('/')}.preview.png",
                parse.GetValue(state) ?? (parse.GetValue(resume) ? $"{clip.TrimEnd('/')}.state" : null));
            int every = parse.GetValue(preview) ?? 0;
            if (every < 0)
            {
                throw new EngineException(ErrorKind.BadRequest, $"--preview is {every}; it takes 1 (every step) or more.");
            }

            var options = new GenerationOptions { StatePath = files.State, Resume = parse.GetValue(resume), PreviewEverySteps = every };
            var view = ProgressView.For(parse.GetValue(GlobalOptions.Quiet));
            return RunAsync(request.Build(parse), options, files, view, parse.GetValue(GlobalOptions.Json), cancel);
        });
        return command;
    }

    static async Task<int> RunAsync(VideoRequest request, GenerationOptions options, Files files, ProgressView view, bool json, CancellationToken cancel)
    {
        // Everything that can be wrong is looked at before a weight is read.
        var target = VideoWriter.CheckWritable(files.Clip);
        CheckExtras(files, options.PreviewEverySteps > 0);

        await using var engine = EngineHost.Create(request);
        var resolved = await engine.ResolveAsync(request, cancel);
        if (target.Notice is { } notice)
        {
            view.Note(notice);
        }

        options = options with { OnPreview = picture => SavePreview(picture, files.Preview, view) };
        long start = Stopwatch.GetTimestamp();
        var (hash, frames) = await view.RunAsync(() => WriteAsync(engine, resolved, request.Model, options, files, view, cancel));
        if (files.State is { } state)
        {
            File.Delete(state);
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (json)
        {
            Output.Json(Json(resolved, target, hash, frames, seconds, files.Sheet));
        }
        else
        {
            Console.Out.WriteLine(target.Path);
            view.Note($"{resolved.Width}x{resolved.Height}, {frames} frames at {resolved.Fps:0.##} a second, seed {resolved.Seed}, {Units.Duration(TimeSpan.FromSeconds(seconds))}, {Units.Bytes(Machine.PeakMemoryBytes)} at most");
        }

        return ExitCode.Ok;
    }

    static async Task<(string Hash, int Frames)> WriteAsync(
        VideoEngine engine, ResolvedRequest resolved, string? model, GenerationOptions options, Files files, ProgressView view, CancellationToken cancel)
    {
        var sheet = files.Sheet is null ? null : new ContactSheet(resolved.Width, resolved.Height, resolved.OutputFrames);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var writer = VideoWriter.Create(files.Clip, resolved.Width, resolved.Height, resolved.Fps, Metadata(resolved, model));
        await foreach (var frame in engine.StreamAsync(resolved.Request, options, view, cancel))
        {
            await writer.WriteAsync(frame.Rgb24, cancel);
            sheet?.Add(frame.Index, frame.Rgb24);
            hash.AppendData(frame.Rgb24.Span);
        }

        await writer.CompleteAsync(cancel);
        sheet?.ToImage().Save(files.Sheet!);
        return (Convert.ToHexStringLower(hash.GetHashAndReset()), writer.Frames);
    }

    static void SavePreview(PreviewPicture picture, string path, ProgressView view)
    {
        new Image(picture.Width, picture.Height, picture.Rgb24.ToArray()).Save(path);
        view.Note($"preview of step {picture.Step}: {path}");
    }

    // The model as it was asked for, so that a clip does not tell where its maker keeps the built-in one.
    static ClipMetadata Metadata(ResolvedRequest resolved, string? model) => new()
    {
        Prompt = resolved.Request.Prompt,
        NegativePrompt = resolved.NegativePrompt,
        Seed = resolved.Seed,
        Model = resolved.ModelName,
        Settings = JsonNode.Parse(VideoRequestJson.Write(resolved.Request with { Model = model }))!.AsObject(),
    };

    static JsonObject Json(ResolvedRequest resolved, VideoTarget target, string hash, int frames, double seconds, string? sheet) => new()
    {
        ["output"] = target.Path,
        ["sheet"] = sheet,
        ["model"] = resolved.ModelName,
        ["task"] = resolved.Task.ToString(),
        ["width"] = resolved.Width,
        ["height"] = resolved.Height,
        ["frames"] = frames,
        ["fps"] = resolved.Fps,
        ["seed"] = resolved.Seed,
        ["steps"] = resolved.Steps,
        ["frames_sha256"] = hash,
        ["seconds"] = Math.Round(seconds, 3),
        ["peak_memory_mb"] = Machine.PeakMemoryBytes / 1e6,
        ["notes"] = new JsonArray([.. resolved.Notes.Select(n => (JsonNode)n)]),
        ["request"] = JsonNode.Parse(VideoRequestJson.Write(resolved.Request)),
    };

    static void CheckExtras(Files files, bool previews)
    {
        if (files.Sheet is not null)
        {
            Image.CheckWritable(files.Sheet);
        }

        if (previews)
        {
            Image.CheckWritable(files.Preview);
        }

        if (files.State is not null)
        {
            OutputFile.Check(files.State);
        }
    }

    sealed record Files(string Clip, string? Sheet, string Preview, string? State);
}
