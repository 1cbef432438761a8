using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>What a clip or picture is, read from its headers; no frame is decoded.</summary>
public sealed record ClipInfo
{
    /// <summary>File or folder.</summary>
    public required string Path { get; init; }

    /// <summary>Kind of file: "MP4", "WebM", "Matroska", "GIF", "PNG", "AVI", "Y4M", "JPEG", "WEBP", "BMP", "pictures" (a numbered sequence), or what ffprobe calls it.</summary>
    public required string Container { get; init; }

    /// <summary>Codec, as the file names it ("avc1", "V_VP9", "MJPG"); null where the container says it all.</summary>
    public string? Codec { get; init; }

    /// <summary>Width, pixels, as stored (before any rotation the file asks for).</summary>
    public required int Width { get; init; }

    /// <summary>Height, pixels, as stored.</summary>
    public required int Height { get; init; }

    /// <summary>Frames per second; null where nothing says so (pictures).</summary>
    public double? Fps { get; init; }

    /// <summary>Frames; null where only decoding would tell.</summary>
    public int? Frames { get; init; }

    /// <summary>Duration; null where nothing says so.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>What the clip was made from, where this engine made it.</summary>
    public ClipMetadata? Metadata { get; init; }

    /// <summary>The comment that the file carries, ours or not.</summary>
    public string? Comment { get; init; }

    /// <summary>Reads a clip's headers and metadata. MP4, WebM, GIF, PNG, AVI, Y4M and pictures need nothing; other files ask ffprobe.</summary>
    /// <param name="path">File, folder of pictures, or numbered pictures (name_%04d.png).</param>
    /// <param name="ffmpeg">Folder of ffmpeg, the program itself, or "none"; null asks ENGINE_FFMPEG, then the PATH.</param>
    /// <exception cref="EngineException">There is no such clip, or it cannot be read.</exception>
    public static ClipInfo Read(string path, string? ffmpeg = null)
    {
        if (PictureSequence.Matches(path))
        {
            return PictureSequence.Open(path).Describe();
        }

        using var file = MediaFile.Open(path, "clip");
        ClipInfo? info;
        try
        {
            info = Parse(file, path);
        }
        catch (Exception e) when (e is IOException or OverflowException)
        {
            throw new EngineException(ErrorKind.BadInput, $"The clip {path} cannot be read: {e.Message.TrimEnd('.')}.", e);
        }

        info ??= FfmpegProbe.Read(path, ffmpeg);
        return info with { Metadata = info.Comment is null ? null : ClipMetadata.FromJson(info.Comment) };
    }

    static ClipInfo? Parse(FileStream file, string path)
    {
        var head = new byte[16];
        var start = head.AsSpan(0, file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false));
        return start switch
        {
            _ when start.Length < 4 => throw new EngineException(ErrorKind.BadInput, $"The clip {path} cannot be read: it is empty or cut short."),
            _ when start[4..].StartsWith("ftyp"u8) => Mp4File.Read(file, path),
            _ when start.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3]) => WebmFile.Read(file, path),
            _ when start.StartsWith("GIF8"u8) => GifFile.Describe(file, path),
            _ when start.StartsWith(PngFile.Signature) => ApngFile.Describe(file, path),
            _ when start.StartsWith("RIFF"u8) && start[8..].StartsWith("AVI "u8) => AviFile.Read(file, path),
            _ when start.StartsWith("YUV4MPEG2"u8) => Y4mFile.Describe(file, path),
            _ when start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) || start.StartsWith("BM"u8) || (start.StartsWith("RIFF"u8) && start[8..].StartsWith("WEBP"u8)) => Picture(path),
            _ => null,
        };
    }

    static ClipInfo Picture(string path)
    {
        var (kind, width, height, frames, milliseconds) = SkiaCodec.Measure(MediaFile.ReadAll(path, "picture"), path);
        return new ClipInfo
        {
            Path = path,
            Container = kind,
            Width = width,
            Height = height,
            Frames = frames,
            Fps = milliseconds > 0 ? Math.Round(frames * 1000.0 / milliseconds, 3) : null,
            Duration = milliseconds > 0 ? TimeSpan.FromMilliseconds(milliseconds) : null,
        };
    }
}
