using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>A mask picture: 0 (black) to 255 (white) for each pixel.</summary>
public sealed class Mask
{
    /// <summary>Wraps values; they are not copied.</summary>
    /// <param name="width">Width, pixels.</param>
    /// <param name="height">Height, pixels.</param>
    /// <param name="values">[height, width].</param>
    public Mask(int width, int height, byte[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, checked(width * height), nameof(values));
        Width = width;
        Height = height;
        Values = values;
    }

    /// <summary>Width, pixels.</summary>
    public int Width { get; }

    /// <summary>Height, pixels.</summary>
    public int Height { get; }

    /// <summary>[height, width], 0 to 255.</summary>
    public byte[] Values { get; }

    /// <summary>Reads any picture that <see cref="Image.Load"/> reads, as grey; what is transparent is black, that is, not masked.</summary>
    /// <remarks>Grey is Pillow's "L": (19595 R + 38470 G + 7471 B + 32768) / 65536.</remarks>
    /// <exception cref="EngineException">The file cannot be read, or is not a picture.</exception>
    public static Mask Load(string path) => Decode(MediaFile.ReadAll(path, "mask"), path);

    /// <summary>Decodes a picture as a mask; see <see cref="Load"/>.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="EngineException">It is not a picture.</exception>
    public static Mask Decode(ReadOnlySpan<byte> file, string name)
    {
        var decoded = SkiaCodec.Decode(file, name);
        return new Mask(decoded.Width, decoded.Height, Pixels.GreyOverBlack(decoded.Pixels));
    }
}
