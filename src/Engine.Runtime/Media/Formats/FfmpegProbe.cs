using System.Globalization;
using System.Text.Json;
using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>Asks ffprobe about files that the engine's own readers do not know.</summary>
static class FfmpegProbe
{
    /// <exception cref="EngineException">There is no ffprobe, or it finds no pictures in the file.</exception>
    public static ClipInfo Read(string path, string? setting)
    {
        var ffmpeg = Ffmpeg.Find(setting, out string why);
        if (ffmpeg is not { HasProbe: true })
        {
            throw new EngineException(
                ErrorKind.BadInput,
                $"The clip {path} cannot be read: it is damaged or of another kind than MP4, WebM, GIF, PNG, AVI or Y4M, and {(ffmpeg is null ? why : "there is no ffprobe")}.");
        }

        string[] arguments =
        [
            "-v", "quiet", "-protocol_whitelist", "file", "-select_streams", "v:0", "-show_format", "-show_streams",
            "-print_format", "json", "-i", "file:" + Path.GetFullPath(path),
        ];
        return ffmpeg.Inspect(arguments) is { } json && Parse(json, path) is { } info
            ? info
            : throw new EngineException(ErrorKind.BadInput, $"The clip {path} cannot be read: it is damaged, or not a clip.");
    }

    static ClipInfo? Parse(string json, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (!root.TryGetProperty("streams", out var streams) || streams.GetArrayLength() == 0)
            {
                return null;
            }

            var stream = streams[0];
            var format = root.GetProperty("format");
            double? seconds = Real(Text(format, "duration") ?? Text(stream, "duration"));
            double? fps = Fraction(Text(stream, "avg_frame_rate")) ?? Fraction(Text(stream, "r_frame_rate"));
            return new ClipInfo
            {
                Path = path,
                Container = Text(format, "format_name") ?? "clip",
                Codec = Text(stream, "codec_name"),
                Width = stream.GetProperty("width").GetInt32(),
                Height = stream.GetProperty("height").GetInt32(),
                Fps = fps is { } rate ? Math.Round(rate, 3) : null,
                Frames = int.TryParse(Text(stream, "nb_frames"), NumberStyles.None, CultureInfo.InvariantCulture, out int frames) ? frames : null,
                Duration = seconds is { } length ? TimeSpan.FromSeconds(length) : null,
                Comment = format.TryGetProperty("tags", out var tags) ? Text(tags, "comment") ?? Text(tags, "COMMENT") : null,
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // Another ffprobe than the ones known; nothing that can be told from it.
            return null;
        }
    }

    static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static double? Real(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value is > 0 and < 1e8 ? value : null;

    static double? Fraction(string? text) =>
        text?.Split('/') is [var above, var below] && Real(above) is { } a && Real(below) is { } b ? a / b : null;
}
