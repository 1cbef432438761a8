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

/// <summary>Where a clip goes and what is kept beside it; the commands that make clips share it.</summary>
sealed class ClipOutput
{
    readonly Option<string?> _sheet = Opt.Text("--sheet", "FILE", "Also write a contact sheet of frames (.png, .jpg or .webp)");
    readonly Option<int?> _preview = Opt.Int("--preview", "N", "Write a small picture of the clip so far every N steps");
    readonly Option<string?> _previewFile = Opt.Text("--preview-file", "FILE", "Where to (default: the clip's name with .preview.png)");
    readonly Option<bool> _still = Opt.Flag("--still", "Make one picture instead of a clip (.png, .jpg or .webp; the last two need no --still)");
    readonly Option<bool> _resume = Opt.Flag("--resume", "Go on where a job with the same request was killed; keeps its state while it runs");
    readonly Option<string?> _state = Opt.Text("--state", "FILE", "Keep the job's state in this file (default with --resume: the clip's name with .state)");
    readonly Option<OnOffValue?> _latents;
    readonly bool _keepsLatents;

    /// <summary>Makes the options.</summary>
    /// <param name="required">True when the clip's name must be given.</param>
    /// <param name="keepsLatents">Whether latents are kept when nothing is said.</param>
    public ClipOutput(bool required, bool keepsLatents)
    {
        File = Opt.Text("--output", "FILE", "Clip to write: .mp4, .webm, .gif, .avi, .apng, .y4m, or a folder of PNG files", "-o");
        File.Required = required;
        _keepsLatents = keepsLatents;
        _latents = Opt.OnOff("--latents", $"Keep the clip's latents beside it, for extending it without loss (default: {(keepsLatents ? "on" : "off")})");
    }

    /// <summary>The clip's name.</summary>
    public Option<string?> File { get; }

    /// <summary>Adds all of them.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[File, _still, _sheet, _preview, _previewFile, _resume, _state, _latents])
        {
            command.Add(option);
        }
    }

    /// <summary>Makes the clip and writes what was asked for.</summary>
    public Task<int> RunAsync(ParseResult parse, VideoRequest request, string? models, string clip, CancellationToken cancel)
    {
        bool still = parse.GetValue(_still) || IsPicture(clip);
        if (still)
        {
            Image.CheckWritable(clip);
            request = request with { Frames = 1, Seconds = null };
        }

        bool resume = parse.GetValue(_resume);
        var files = new Files(
            clip,
            parse.GetValue(_sheet),
            parse.GetValue(_previewFile) ?? $"{clip.TrimEnd('/')}.preview.png",
            parse.GetValue(_state) ?? (resume ? $"{clip.TrimEnd('/')}.state" : null),
            (parse.GetSwitch(_latents) ?? _keepsLatents) && !still,
            still);
        int every = parse.GetValue(_preview) ?? 0;
        if (every < 0)
        {
            throw new EngineException(ErrorKind.BadRequest, $"--preview is {every}; it takes 1 (every step) or more.");
        }

        var options = new GenerationOptions { StatePath = files.State, Resume = resume, PreviewEverySteps = every };
        var view = ProgressView.For(parse.GetValue(GlobalOptions.Quiet));
        return RunAsync(request, models, options, files, view, parse.GetValue(GlobalOptions.Json), cancel);
    }

    static async Task<int> RunAsync(VideoRequest request, string? models, GenerationOptions options, Files files, ProgressView view, bool json, CancellationToken cancel)
    {
        // Everything that can be wrong is looked at before a weight is read.
        var target = files.Still ? new VideoTarget(files.Clip, VideoFormat.Apng, null) : VideoWriter.CheckWritable(files.Clip);
        CheckExtras(files, options.PreviewEverySteps > 0);

        await using var engine = EngineHost.Create(request, models);
        var resolved = await engine.ResolveAsync(request, cancel);
        if (target.Notice is { } notice)
        {
            view.Note(notice);
        }

        if (resolved.Choice is { } choice)
        {
            view.Note(choice.InWords);
        }

        options = options with { OnPreview = picture => SavePreview(picture, files.Preview, view) };
        long start = Stopwatch.GetTimestamp();
        var (hash, frames) = await view.RunAsync(() => WriteAsync(engine, resolved, request, options, files, view, cancel));
        DeleteState(files.State);

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
        VideoEngine engine, ResolvedRequest resolved, VideoRequest asked, GenerationOptions options, Files files, ProgressView view, CancellationToken cancel)
    {
        var sheet = files.Sheet is null ? null : new ContactSheet(resolved.Width, resolved.Height, resolved.OutputFrames);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        // Written down beside the loading: the serialiser takes longer to set up than a small model (perf/records/startup.md).
        var metadata = Task.Run(() => Metadata(resolved, asked), cancel);
        await using var video = await engine.GenerateAsync(resolved.Request, options, view, cancel);
        if (files.Still)
        {
            return await WritePictureAsync(video, await metadata, files, view, cancel);
        }

        await using var writer = VideoWriter.Create(files.Clip, resolved.Width, resolved.Height, resolved.Fps, await metadata);
        await foreach (var frame in video.FramesAsync(view, cancel))
        {
            await writer.WriteAsync(frame.Rgb24, cancel);
            sheet?.Add(frame.Index, frame.Rgb24);
            hash.AppendData(frame.Rgb24.Span);
        }

        await writer.CompleteAsync(cancel);
        if (files.Latents && video.HasLatents && System.IO.File.Exists(writer.Path))
        {
            view.Note($"latents kept in {video.SaveLatents(writer.Path)}");
        }

        sheet?.ToImage().Save(files.Sheet!);
        return (Convert.ToHexStringLower(hash.GetHashAndReset()), writer.Frames);
    }

    static async Task<(string Hash, int Frames)> WritePictureAsync(
        GeneratedVideo video, ClipMetadata metadata, Files files, ProgressView view, CancellationToken cancel)
    {
        await foreach (var frame in video.FramesAsync(view, cancel))
        {
            var image = new Image(frame.Width, frame.Height, frame.Rgb24.ToArray());
            image.Save(files.Clip, new Dictionary<string, string> { ["Comment"] = metadata.ToJson() });
            if (files.Sheet is not null)
            {
                image.Save(files.Sheet);
            }

            return (Convert.ToHexStringLower(SHA256.HashData(frame.Rgb24.Span)), 1);
        }

        throw new InvalidOperationException("A clip has at least one frame.");
    }

    // .png may be an animation, and is one unless it is said otherwise.
    static bool IsPicture(string path) => Path.GetExtension(path).ToLowerInvariant() is ".webp" or ".jpg" or ".jpeg";

    // A clip that was made in rounds has a state for each.
    static void DeleteState(string? state)
    {
        for (int round = 0; state is not null && System.IO.File.Exists(GenerationOptions.StatePathOf(state, round)); round++)
        {
            System.IO.File.Delete(GenerationOptions.StatePathOf(state, round));
        }
    }

    static void SavePreview(PreviewPicture picture, string path, ProgressView view)
    {
        new Image(picture.Width, picture.Height, picture.Rgb24.ToArray()).Save(path);
        view.Note($"preview of step {picture.Step}: {path}");
    }

    // The model as it was asked for, or by name, so that a clip does not tell where its maker keeps it.
    static ClipMetadata Metadata(ResolvedRequest resolved, VideoRequest asked) => new()
    {
        Prompt = resolved.Request.Prompt,
        NegativePrompt = resolved.NegativePrompt,
        Seed = resolved.Seed,
        Model = resolved.ModelName,
        ModelChoice = resolved.Choice?.InWords,
        Settings = JsonNode.Parse(VideoRequestJson.Write(resolved.Request with
        {
            Model = asked.Model ?? (resolved.Choice is { Model: { IsDefault: false } chosen } ? chosen.Name : null),
            Tier = asked.Tier,
        }))!.AsObject(),
    };

    static JsonObject Json(ResolvedRequest resolved, VideoTarget target, string hash, int frames, double seconds, string? sheet) => new()
    {
        ["output"] = target.Path,
        ["sheet"] = sheet,
        ["model"] = resolved.ModelName,
        ["model_choice"] = ModelsView.Json(resolved.Choice),
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

    sealed record Files(string Clip, string? Sheet, string Preview, string? State, bool Latents, bool Still);
}
