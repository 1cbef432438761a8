using System.Text;

namespace Engine.Runtime.Media;

/// <summary>Comments in GIF files (GIF89a).</summary>
static class GifFile
{
    const byte Extension = 0x21, CommentLabel = 0xFE, ControlLabel = 0xF9, ImageMark = 0x2C, Trailer = 0x3B;

    /// <summary>Puts a comment before the end of a finished file. ffmpeg writes none.</summary>
    public static void AddComment(string path, string ascii)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = file.Length - 1;
        if (file.ReadByte() != Trailer)
        {
            throw new IOException("the GIF is not whole");
        }

        file.Position = file.Length - 1;
        file.Write([Extension, CommentLabel]);
        byte[] bytes = Encoding.ASCII.GetBytes(ascii);
        for (int at = 0; at < bytes.Length; at += 255)
        {
            var block = bytes.AsSpan(at, Math.Min(255, bytes.Length - at));
            file.WriteByte((byte)block.Length);
            file.Write(block);
        }

        file.Write([0, Trailer]);
    }

    /// <summary>Reads size, number of frames, their durations in hundredths of a second, and the comments; stops at the first damage.</summary>
    public static GifSummary? Read(Stream stream)
    {
        stream.Position = 0;
        var reader = new BinaryReader(stream, Encoding.Latin1, leaveOpen: true);
        try
        {
            if (Encoding.Latin1.GetString(reader.ReadBytes(6)) is not ("GIF87a" or "GIF89a"))
            {
                return null;
            }

            var summary = new GifSummary { Width = reader.ReadUInt16(), Height = reader.ReadUInt16() };
            SkipTable(reader, reader.ReadByte(), after: 2);
            try
            {
                ReadBlocks(reader, summary);
            }
            catch (EndOfStreamException)
            {
                // Cut short: what came before still stands.
            }

            return summary;
        }
        catch (EndOfStreamException)
        {
            return null;
        }
    }

    /// <summary>Describes a GIF file; null where it is none.</summary>
    public static ClipInfo? Describe(Stream stream, string path) => Read(stream) is not { } gif || gif.Width == 0 || gif.Height == 0
        ? null
        : new ClipInfo
        {
            Path = path,
            Container = "GIF",
            Width = gif.Width,
            Height = gif.Height,
            Frames = gif.Frames,
            Fps = gif.Hundredths > 0 ? Math.Round(gif.Frames * 100.0 / gif.Hundredths, 3) : null,
            Duration = gif.Hundredths > 0 ? TimeSpan.FromMilliseconds(gif.Hundredths * 10) : null,
            Comment = gif.Comments.FirstOrDefault(),
        };

    static void ReadBlocks(BinaryReader reader, GifSummary summary)
    {
        while (true)
        {
            switch (reader.ReadByte())
            {
                case Extension:
                    byte label = reader.ReadByte();
                    byte[] body = ReadSubBlocks(reader, keep: label is CommentLabel or ControlLabel);
                    if (label == CommentLabel)
                    {
                        summary.Comments.Add(Encoding.Latin1.GetString(body));
                    }
                    else if (label == ControlLabel && body.Length >= 3)
                    {
                        summary.Hundredths += body[1] | (body[2] << 8);
                    }

                    break;
                case ImageMark:
                    reader.BaseStream.Position += 8;
                    SkipTable(reader, reader.ReadByte(), after: 1);
                    ReadSubBlocks(reader, keep: false);
                    summary.Frames++;
                    break;
                default:
                    return;
            }
        }
    }

    // A colour table follows where bit 7 says so; its size is in the low bits.
    static void SkipTable(BinaryReader reader, byte flags, int after) =>
        reader.BaseStream.Position += after + ((flags & 0x80) != 0 ? 3L << ((flags & 7) + 1) : 0);

    static byte[] ReadSubBlocks(BinaryReader reader, bool keep)
    {
        var body = new MemoryStream();
        for (int length = reader.ReadByte(); length != 0; length = reader.ReadByte())
        {
            byte[] block = reader.ReadBytes(length);
            if (block.Length < length)
            {
                throw new EndOfStreamException();
            }

            if (keep && body.Length < ClipMetadata.MaxLength)
            {
                body.Write(block);
            }
        }

        return body.ToArray();
    }
}

/// <summary>What <see cref="GifFile.Read"/> finds.</summary>
sealed class GifSummary
{
    public int Width { get; init; }

    public int Height { get; init; }

    public int Frames { get; set; }

    public long Hundredths { get; set; }

    public List<string> Comments { get; } = [];
}
