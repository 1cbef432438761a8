using System.Text.RegularExpressions;
using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>How a clip is stored.</summary>
public enum VideoFormat
{
    /// <summary>H.264, 4:2:0, in MP4; needs ffmpeg.</summary>
    Mp4,

    /// <summary>VP9 in WebM; needs ffmpeg.</summary>
    WebM,

    /// <summary>Animated GIF, a palette for each frame; needs ffmpeg to write.</summary>
    Gif,

    /// <summary>Motion-JPEG in AVI; needs nothing.</summary>
    Avi,

    /// <summary>Animated PNG, without loss; needs nothing. With one frame it is an ordinary PNG.</summary>
    Apng,

    /// <summary>Raw YUV 4:4:4, limited range, BT.601; needs nothing.</summary>
    Y4m,

    /// <summary>A folder of numbered PNG files, without loss; needs nothing.</summary>
    PngSequence,
}

/// <summary>Which format a name asks for.</summary>
static partial class VideoFormats
{
    public const string Allowed = ".mp4, .webm, .gif, .avi, .apng, .png, .y4m, a folder (frames/) or numbered files (name_%04d.png)";

    /// <exception cref="EngineException">The name ends in none of the known ways.</exception>
    public static VideoFormat FromPath(string path)
    {
        if (string.IsNullOrWhiteSpace(path))
        {
            throw new EngineException(ErrorKind.BadRequest, $"The output has no name; use {Allowed}.");
        }

        if (Path.EndsInDirectorySeparator(path) || Directory.Exists(path))
        {
            return VideoFormat.PngSequence;
        }

        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".mp4" or ".m4v" => VideoFormat.Mp4,
            ".webm" => VideoFormat.WebM,
            ".gif" => VideoFormat.Gif,
            ".avi" => VideoFormat.Avi,
            ".y4m" => VideoFormat.Y4m,
            ".png" when NumberField().IsMatch(Path.GetFileName(path)) => VideoFormat.PngSequence,
            ".png" or ".apng" => VideoFormat.Apng,
            "" => throw new EngineException(ErrorKind.BadRequest, $"Cannot tell the format of the output {path}: it has no extension; use {Allowed}."),
            var other => throw new EngineException(ErrorKind.BadRequest, $"Cannot write the output {path}: '{other}' is not a known format; use {Allowed}."),
        };
    }

    public static bool NeedsFfmpeg(this VideoFormat format) => format is VideoFormat.Mp4 or VideoFormat.WebM or VideoFormat.Gif;

    // %d or %04d, as printf and ffmpeg have it.
    [GeneratedRegex("%(0(?<width>[1-9]))?d", RegexOptions.ExplicitCapture)]
    public static partial Regex NumberField();
}
