using Engine.Kernels;
using SkiaSharp;

namespace Engine.Runtime.Media;

/// <summary>Decoded pixels: [height, width, 4], red green blue alpha, alpha not multiplied in.</summary>
readonly record struct Rgba(int Width, int Height, byte[] Pixels);

/// <summary>The one place that knows SkiaSharp: pictures in, JPEG and WebP out.</summary>
static unsafe class SkiaCodec
{
    // No real file packs more pixels into a byte than this: deflate gives 1032 bytes for one; a JPEG spends at least
    // a bit on each 8x8 block. A header that claims more is refused before anything is allocated for it.
    const long PngPixelsPerByte = 1032 * 8;
    const long JpegPixelsPerByte = 512;

    /// <summary>Decodes a picture, or the first frame of an animated one, and turns it upright.</summary>
    /// <exception cref="EngineException">It is not a picture that can be read.</exception>
    public static Rgba Decode(ReadOnlySpan<byte> file, string name)
    {
        fixed (byte* start = file)
        {
            using var data = SKData.Create((IntPtr)start, file.Length);
            using var codec = Open(data, file, name);
            var info = Target(codec);
            var pixels = new byte[info.BytesSize];
            Read(codec, info, pixels, SKCodecOptions.Default, name);
            return Upright(new Rgba(info.Width, info.Height, pixels), codec.EncodedOrigin);
        }
    }

    /// <summary>Decodes the frames of an animated GIF or WebP, one after the other, with their durations in milliseconds.</summary>
    /// <exception cref="EngineException">It is not a picture that can be read.</exception>
    public static IEnumerable<(Rgba Frame, int Milliseconds)> DecodeFrames(byte[] file, string name)
    {
        using var data = SKData.CreateCopy(file);
        using var codec = Open(data, file, name);
        var info = Target(codec);
        var frames = codec.FrameInfo;
        var pixels = new byte[info.BytesSize];
        for (int i = 0; i < Math.Max(frames.Length, 1); i++)
        {
            // The buffer still holds the frame before; where that is what this one is drawn over, nothing is decoded twice.
            bool onPrevious = i > 0 && frames[i].RequiredFrame == i - 1;
            Read(codec, info, pixels, onPrevious ? new SKCodecOptions(i, i - 1) : new SKCodecOptions(i), name);
            yield return (new Rgba(info.Width, info.Height, pixels), frames.Length == 0 ? 0 : frames[i].Duration);
        }
    }

    /// <summary>Kind, size, frames and total milliseconds of a picture (1 and 0 where it is still).</summary>
    /// <exception cref="EngineException">It is not a picture that can be read.</exception>
    public static (string Kind, int Width, int Height, int Frames, long Milliseconds) Measure(byte[] file, string name)
    {
        using var data = SKData.CreateCopy(file);
        using var codec = Open(data, file, name);
        return (codec.EncodedFormat.ToString().ToUpperInvariant(), codec.Info.Width, codec.Info.Height, Math.Max(codec.FrameCount, 1), codec.FrameInfo.Sum(f => (long)f.Duration));
    }

    /// <summary>Encodes as JPEG, 4:2:0.</summary>
    public static byte[] EncodeJpeg(ReadOnlySpan<byte> rgb, int width, int height, int quality) =>
        Encode(rgb, width, height, pixmap => pixmap.Encode(new SKJpegEncoderOptions(quality, SKJpegEncoderDownsample.Downsample420, SKJpegEncoderAlphaOption.Ignore)));

    /// <summary>Encodes as WebP; quality 100 is without loss.</summary>
    public static byte[] EncodeWebp(ReadOnlySpan<byte> rgb, int width, int height, int quality) =>
        Encode(rgb, width, height, pixmap => pixmap.Encode(quality == 100
            ? new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 75)
            : new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossy, quality)));

    static SKCodec Open(SKData data, ReadOnlySpan<byte> file, string name)
    {
        var codec = SKCodec.Create(data) ?? throw Unreadable(name, "it is not a PNG, JPEG, WebP, GIF or BMP file, or its header is damaged");
        try
        {
            long limit = codec.EncodedFormat switch
            {
                SKEncodedImageFormat.Png => PngPixelsPerByte * file.Length,
                SKEncodedImageFormat.Jpeg => JpegPixelsPerByte * file.Length,
                SKEncodedImageFormat.Webp or SKEncodedImageFormat.Gif or SKEncodedImageFormat.Bmp => long.MaxValue,
                var other => throw Unreadable(name, $"{other} is not supported; use PNG, JPEG, WebP, GIF or BMP"),
            };
            long count = (long)codec.Info.Width * codec.Info.Height;
            if (count > Image.MaxPixels)
            {
                throw Unreadable(name, $"it is {codec.Info.Width}x{codec.Info.Height}, more than the {Image.MaxPixels / 1_000_000} megapixels allowed");
            }

            if (count < 1 || count > limit)
            {
                throw Unreadable(name, $"its header says {codec.Info.Width}x{codec.Info.Height}, which its {file.Length} bytes cannot hold");
            }

            return codec;
        }
        catch
        {
            codec.Dispose();
            throw;
        }
    }

    // Without a colour space Skia converts nothing: the stored values arrive as they are.
    static SKImageInfo Target(SKCodec codec) =>
        new(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);

    static void Read(SKCodec codec, SKImageInfo info, byte[] pixels, SKCodecOptions options, string name)
    {
        SKCodecResult result;
        fixed (byte* p = pixels)
        {
            result = codec.GetPixels(info, (IntPtr)p, info.RowBytes, options);
        }

        switch (result)
        {
            case SKCodecResult.Success:
                return;
            case SKCodecResult.IncompleteInput:
                throw Unreadable(name, "it is cut short");
            default:
                throw Unreadable(name, "its data is damaged");
        }
    }

    static byte[] Encode(ReadOnlySpan<byte> rgb, int width, int height, Func<SKPixmap, SKData?> encode)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var target = new Span<byte>((void*)bitmap.GetPixels(), checked(width * height * 4));
        for (int i = 0, o = 0; o < target.Length; i += 3, o += 4)
        {
            target[o] = rgb[i];
            target[o + 1] = rgb[i + 1];
            target[o + 2] = rgb[i + 2];
            target[o + 3] = 255;
        }

        using var pixmap = bitmap.PeekPixels();
        using var data = encode(pixmap) ?? throw new EngineException(ErrorKind.BadOutput, $"A {width}x{height} picture could not be encoded.");
        return data.ToArray();
    }

    // EXIF orientations 2 to 8: where the first row and column of the stored picture belong.
    static Rgba Upright(Rgba stored, SKEncodedOrigin origin)
    {
        if (origin is SKEncodedOrigin.TopLeft or SKEncodedOrigin.Default)
        {
            return stored;
        }

        int width = stored.Width, height = stored.Height;
        bool swap = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        bool fromRight = origin is SKEncodedOrigin.TopRight or SKEncodedOrigin.BottomRight or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom;
        bool fromBottom = origin is SKEncodedOrigin.BottomRight or SKEncodedOrigin.BottomLeft or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        int newWidth = swap ? height : width, newHeight = swap ? width : height;
        var turned = new byte[stored.Pixels.Length];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int column = swap ? y : x, row = swap ? x : y;
                column = fromRight ? newWidth - 1 - column : column;
                row = fromBottom ? newHeight - 1 - row : row;
                stored.Pixels.AsSpan(((y * width) + x) * 4, 4).CopyTo(turned.AsSpan(((row * newWidth) + column) * 4));
            }
        }

        return new Rgba(newWidth, newHeight, turned);
    }

    static EngineException Unreadable(string name, string why) =>
        new(ErrorKind.BadInput, $"The picture {name} cannot be read: {why}.");
}
