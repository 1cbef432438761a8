using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>A picture: 8 bits each of red, green and blue.</summary>
public sealed class Image
{
    /// <summary>Most pixels a picture may have: beyond it, decoding would take more memory than a picture is worth.</summary>
    public const long MaxPixels = 50_000_000;

    static readonly string[] s_kinds = [".png", ".jpg", ".jpeg", ".webp"];

    /// <summary>Wraps pixels; they are not copied.</summary>
    /// <param name="width">Width, pixels.</param>
    /// <param name="height">Height, pixels.</param>
    /// <param name="rgb">[height, width, 3], 8 bits each.</param>
    public Image(int width, int height, byte[] rgb)
    {
        ArgumentNullException.ThrowIfNull(rgb);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rgb.Length, checked(width * height * 3), nameof(rgb));
        Width = width;
        Height = height;
        Rgb = rgb;
    }

    /// <summary>Width, pixels.</summary>
    public int Width { get; }

    /// <summary>Height, pixels.</summary>
    public int Height { get; }

    /// <summary>[height, width, 3], 8 bits each.</summary>
    public byte[] Rgb { get; }

    /// <summary>Reads a PNG, JPEG, WebP, GIF (its first frame) or BMP file.</summary>
    /// <remarks>
    /// The camera's orientation is applied. Colour profiles and gamma are ignored, as Pillow does, so that a PNG's bytes arrive as they are.
    /// What is transparent shows white.
    /// </remarks>
    /// <exception cref="EngineException">The file cannot be read, or is not such a picture.</exception>
    public static Image Load(string path) => Decode(MediaFile.ReadAll(path, "picture"), path);

    /// <summary>Decodes a PNG, JPEG, WebP, GIF (its first frame) or BMP; see <see cref="Load"/>.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="EngineException">It is not such a picture.</exception>
    public static Image Decode(ReadOnlySpan<byte> file, string name)
    {
        var decoded = SkiaCodec.Decode(file, name);
        return new Image(decoded.Width, decoded.Height, Pixels.OverWhite(decoded.Pixels));
    }

    /// <summary>Encodes as PNG, without loss.</summary>
    /// <param name="text">Text to store in the file, keyword to value.</param>
    public byte[] ToPng(IReadOnlyDictionary<string, string>? text = null)
    {
        var stream = new MemoryStream();
        PngFile.Write(stream, Width, Height, channels: 3, Rgb, text);
        return stream.ToArray();
    }

    /// <summary>Encodes as JPEG (4:2:0).</summary>
    /// <param name="quality">1 to 100.</param>
    public byte[] ToJpeg(int quality = 92) => SkiaCodec.EncodeJpeg(Rgb, Width, Height, quality);

    /// <summary>Encodes as WebP.</summary>
    /// <param name="quality">1 to 100; 100 is without loss.</param>
    public byte[] ToWebp(int quality = 100) => SkiaCodec.EncodeWebp(Rgb, Width, Height, quality);

    /// <summary>Checks, without leaving a trace, that <see cref="Save"/> could write under this name.</summary>
    /// <exception cref="EngineException">The extension is no picture's (BadRequest), or the place cannot be written (BadOutput).</exception>
    public static void CheckWritable(string path)
    {
        if (!s_kinds.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
        {
            throw UnknownKind(path);
        }

        OutputFile.Check(path);
    }

    /// <summary>Writes a file; its extension (.png, .jpg, .jpeg or .webp) says how.</summary>
    /// <param name="path">File to write; it appears whole or not at all.</param>
    /// <param name="text">Text to store in a PNG.</param>
    /// <exception cref="EngineException">The extension is none of these, or the file cannot be written.</exception>
    public void Save(string path, IReadOnlyDictionary<string, string>? text = null)
    {
        byte[] file = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".png" => ToPng(text),
            ".jpg" or ".jpeg" => ToJpeg(),
            ".webp" => ToWebp(),
            _ => throw UnknownKind(path),
        };
        OutputFile.WriteAll(path, file);
    }

    static EngineException UnknownKind(string path) =>
        new(ErrorKind.BadRequest, $"Cannot write {path}: '{Path.GetExtension(path)}' is not a kind of picture; use .png, .jpg or .webp.");
}
