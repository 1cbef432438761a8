using System.Text.Json.Nodes;
using Engine.Cli.Rendering;
using Engine.Runtime;
using Engine.Runtime.Media;

namespace Engine.Cli.Commands;

/// <summary><c>engine generate --preview-motion FILE</c>: what moves, drawn over the first picture; no model runs.</summary>
static class MotionPreviewCommand
{
    static readonly string[] s_pictures = [".png", ".jpg", ".jpeg", ".webp"];

    public static async Task<int> RunAsync(VideoRequest request, string? models, string path, bool json, CancellationToken cancel)
    {
        bool picture = s_pictures.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
        if (picture)
        {
            Image.CheckWritable(path);
        }
        else
        {
            path = VideoWriter.CheckWritable(path).Path;
        }

        await using var engine = EngineHost.Create(request, models);
        var resolved = await engine.ResolveAsync(request, cancel);
        if (picture)
        {
            MotionPreview.Draw(resolved).Save(path);
        }
        else
        {
            await WriteAsync(resolved, path, cancel);
        }

        if (json)
        {
            Output.Json(new JsonObject { ["output"] = path, ["notes"] = new JsonArray([.. resolved.Notes.Select(n => (JsonNode)n)]) });
            return ExitCode.Ok;
        }

        Console.Out.WriteLine(path);
        foreach (string note in resolved.Notes)
        {
            Console.Error.WriteLine($"note: {Output.Printable(note)}");
        }

        return ExitCode.Ok;
    }

    static async Task WriteAsync(ResolvedRequest resolved, string path, CancellationToken cancel)
    {
        VideoWriter? writer = null;
        try
        {
            foreach (var frame in MotionPreview.Frames(resolved))
            {
                writer ??= VideoWriter.Create(path, frame.Width, frame.Height, resolved.Fps);
                await writer.WriteAsync(frame.Rgb, cancel);
            }

            await writer!.CompleteAsync(cancel);
        }
        finally
        {
            if (writer is not null)
            {
                await writer.DisposeAsync();
            }
        }
    }
}
