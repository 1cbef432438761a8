using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Engine.Runtime;

/// <summary>A picture that goes into a request: a file, or pixels in memory.</summary>
[JsonConverter(typeof(PictureInputJson))]
public sealed class PictureInput
{
    PictureInput(string? path, ReadOnlyMemory<byte> rgb24, int width, int height)
        => (Path, Rgb24, Width, Height) = (path, rgb24, width, height);

    /// <summary>The file, or null for pixels in memory.</summary>
    public string? Path { get; }

    /// <summary>Pixels in memory, 3 bytes each, rows from the top; empty for a file.</summary>
    public ReadOnlyMemory<byte> Rgb24 { get; }

    /// <summary>Width of the pixels in memory; 0 for a file.</summary>
    public int Width { get; }

    /// <summary>Height of the pixels in memory; 0 for a file.</summary>
    public int Height { get; }

    /// <summary>A PNG, JPEG or WebP file.</summary>
    public static PictureInput FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new(path, default, 0, 0);
    }

    /// <summary>Pixels in memory; they must not change until the request is done.</summary>
    /// <param name="rgb24">width x height x 3 bytes, red first, rows from the top.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    public static PictureInput FromRgb24(ReadOnlyMemory<byte> rgb24, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (rgb24.Length != (long)width * height * 3)
        {
            throw new ArgumentException($"A picture of {width}x{height} takes {(long)width * height * 3} bytes; got {rgb24.Length}.", nameof(rgb24));
        }

        return new(null, rgb24, width, height);
    }

    /// <summary>The file's path, or the size of the pixels.</summary>
    public override string ToString() => Path ?? $"{Width}x{Height} pixels in memory";
}

/// <summary>A clip that goes into a request: a file, or frames in memory.</summary>
[JsonConverter(typeof(ClipInputJson))]
public sealed class ClipInput
{
    ClipInput(string? path, IReadOnlyList<PictureInput> frames) => (Path, Frames) = (path, frames);

    /// <summary>The file or folder of pictures, or null for frames in memory.</summary>
    public string? Path { get; }

    /// <summary>Frames in order; empty for a file.</summary>
    public IReadOnlyList<PictureInput> Frames { get; }

    /// <summary>A clip's file, or a folder of numbered pictures.</summary>
    public static ClipInput FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new(path, []);
    }

    /// <summary>Frames, each a picture of its own, all of one size.</summary>
    public static ClipInput FromFrames(IReadOnlyList<PictureInput> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        return frames.Count > 0 ? new(null, [.. frames]) : throw new ArgumentException("A clip has at least one frame.", nameof(frames));
    }

    /// <summary>One picture as a clip of one frame.</summary>
    [return: NotNullIfNotNull(nameof(picture))]
    public static implicit operator ClipInput?(PictureInput? picture) => picture switch
    {
        null => null,
        { Path: { } path } => FromFile(path),
        _ => FromFrames([picture]),
    };

    /// <summary>The file's path, or the number of frames.</summary>
    public override string ToString() => Path ?? $"{Frames.Count} frames in memory";
}
