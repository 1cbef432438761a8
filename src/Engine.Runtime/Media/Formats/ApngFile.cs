using System.Buffers.Binary;
using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>Reads still and animated PNG files (W3C PNG, third edition). Trusts no size.</summary>
static class ApngFile
{
    public static ClipInfo? Describe(Stream stream, string path)
    {
        int width = 0, height = 0, frames = 0;
        double seconds = 0;
        string? comment = null;
        foreach (var (type, offset, length) in PngFile.Chunks(stream))
        {
            switch (type)
            {
                case "IHDR" when length == 13:
                    var header = Body(stream, offset, length);
                    (width, height) = (Int(header, 0), Int(header, 4));
                    break;
                case "fcTL" when length == 26:
                    frames++;
                    seconds += Control.Parse(Body(stream, offset, length)).Seconds;
                    break;
                case "tEXt" or "iTXt" when length < ClipMetadata.MaxLength:
                    comment ??= PngFile.Text(type, Body(stream, offset, length), "Comment");
                    break;
            }
        }

        return width < 1 || height < 1
            ? null
            : new ClipInfo
            {
                Path = path,
                Container = "PNG",
                Width = width,
                Height = height,
                Frames = Math.Max(frames, 1),
                Fps = frames > 0 && seconds > 0 ? Math.Round(frames / seconds, 3) : null,
                Duration = seconds > 0 ? TimeSpan.FromSeconds(seconds) : null,
                Comment = comment,
            };
    }

    /// <summary>Frames of an animated PNG, composed as they are shown; the one picture of a still one.</summary>
    /// <exception cref="EngineException">A frame is damaged.</exception>
    public static IEnumerable<Image> Frames(string path)
    {
        using var stream = MediaFile.Open(path, "clip");
        if (Describe(stream, path) is not { Fps: not null } info)
        {
            yield return Image.Load(path);
            yield break;
        }

        if ((long)info.Width * info.Height > Image.MaxPixels)
        {
            throw new EngineException(ErrorKind.BadInput, $"The clip {path} cannot be read: it is {info.Width}x{info.Height}, more than the {Image.MaxPixels / 1_000_000} megapixels allowed.");
        }

        var canvas = new byte[info.Width * info.Height * 4];
        byte[] header = [];
        var shared = new List<(string Type, byte[] Body)>();
        Control? control = null;
        var data = new MemoryStream();
        int number = 0;
        foreach (var (type, offset, length) in PngFile.Chunks(stream).Append(("IEND", 0, 0)))
        {
            if (type is "fcTL" or "IEND")
            {
                if (control is { } frame && data.Length > 0)
                {
                    byte[]? before = frame.Dispose == 2 ? (byte[])canvas.Clone() : null;
                    frame.Draw(Picture(header, shared, frame, data), canvas, info, $"{path} (frame {number++})");
                    yield return new Image(info.Width, info.Height, Pixels.OverWhite(canvas));
                    frame.Undo(canvas, before, info.Width);
                }

                control = type == "fcTL" && length == 26 ? Control.Parse(Body(stream, offset, length)) : null;
                data.SetLength(0);
                continue;
            }

            switch (type)
            {
                case "IHDR":
                    header = Body(stream, offset, length);
                    break;
                case "PLTE" or "tRNS":
                    shared.Add((type, Body(stream, offset, length)));
                    break;
                case "IDAT" when control is not null:
                    data.Write(Body(stream, offset, length));
                    break;
                case "fdAT" when control is not null && length > 4:
                    data.Write(Body(stream, offset, length).AsSpan(4));
                    break;
            }
        }
    }

    // One frame as a PNG of its own.
    static byte[] Picture(byte[] header, List<(string Type, byte[] Body)> shared, Control frame, MemoryStream data)
    {
        var own = (byte[])header.Clone();
        BinaryPrimitives.WriteInt32BigEndian(own, frame.Width);
        BinaryPrimitives.WriteInt32BigEndian(own.AsSpan(4), frame.Height);
        var picture = new MemoryStream();
        picture.Write(PngFile.Signature);
        PngFile.WriteChunk(picture, "IHDR", own);
        foreach (var (type, body) in shared)
        {
            PngFile.WriteChunk(picture, type, body);
        }

        PngFile.WriteChunk(picture, "IDAT", data.GetBuffer().AsSpan(0, (int)data.Length));
        PngFile.WriteChunk(picture, "IEND", []);
        return picture.ToArray();
    }

    static byte[] Body(Stream stream, long offset, int length)
    {
        var body = new byte[length];
        stream.Position = offset;
        stream.ReadExactly(body);
        return body;
    }

    static int Int(ReadOnlySpan<byte> body, int at) => BinaryPrimitives.ReadInt32BigEndian(body[at..]);

    /// <summary>A frame control chunk: where a frame goes, how long it stays, what happens to it then.</summary>
    readonly record struct Control(int Width, int Height, int Left, int Top, double Seconds, byte Dispose, byte Blend)
    {
        public static Control Parse(ReadOnlySpan<byte> body)
        {
            int numerator = BinaryPrimitives.ReadUInt16BigEndian(body[20..]), denominator = BinaryPrimitives.ReadUInt16BigEndian(body[22..]);
            return new Control(Int(body, 4), Int(body, 8), Int(body, 12), Int(body, 16), (double)numerator / (denominator == 0 ? 100 : denominator), body[24], body[25]);
        }

        public void Draw(byte[] picture, byte[] canvas, ClipInfo info, string name)
        {
            if (Left < 0 || Top < 0 || Width < 1 || Height < 1 || (long)Left + Width > info.Width || (long)Top + Height > info.Height)
            {
                throw new EngineException(ErrorKind.BadInput, $"The picture {name} cannot be read: it reaches outside of the clip.");
            }

            var decoded = SkiaCodec.Decode(picture, name);
            for (int y = 0; y < Height; y++)
            {
                for (int x = 0; x < Width; x++)
                {
                    var from = decoded.Pixels.AsSpan(((y * Width) + x) * 4, 4);
                    var to = canvas.AsSpan((((Top + y) * info.Width) + Left + x) * 4, 4);
                    if (Blend == 0 || from[3] == 255)
                    {
                        from.CopyTo(to);
                    }
                    else if (from[3] > 0)
                    {
                        Over(from, to);
                    }
                }
            }
        }

        // 1: cleared; 2: as it was before the frame.
        public void Undo(byte[] canvas, byte[]? before, int stride)
        {
            before?.CopyTo(canvas, 0);
            for (int y = 0; Dispose == 1 && y < Height; y++)
            {
                canvas.AsSpan((((Top + y) * stride) + Left) * 4, Width * 4).Clear();
            }
        }

        static void Over(ReadOnlySpan<byte> from, Span<byte> to)
        {
            float alpha = from[3] / 255f, under = to[3] / 255f * (1 - alpha), sum = alpha + under;
            for (int c = 0; c < 3; c++)
            {
                to[c] = (byte)((((from[c] * alpha) + (to[c] * under)) / sum) + 0.5f);
            }

            to[3] = (byte)((sum * 255) + 0.5f);
        }
    }
}
