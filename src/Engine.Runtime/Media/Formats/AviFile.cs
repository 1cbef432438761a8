using System.Buffers.Binary;
using System.Text;
using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>Reads AVI files: their headers, and the frames of Motion-JPEG ones. Trusts no size.</summary>
static class AviFile
{
    const int MaxDepth = 4;

    public static ClipInfo? Read(Stream stream, string path)
    {
        var found = new Found();
        // The headers are in the first segment; its frames are not needed.
        foreach (var chunk in Chunks(stream, intoMovies: false))
        {
            Header(stream, chunk, found);
        }

        if (found.Width < 1 || found.Height < 1)
        {
            return null;
        }

        int? frames = found.AllFrames > 0 ? found.AllFrames : found.Frames > 0 ? found.Frames : null;
        return new ClipInfo
        {
            Path = path,
            Container = "AVI",
            Codec = found.Codec,
            Width = found.Width,
            Height = found.Height,
            Frames = frames,
            Fps = found.Fps,
            Duration = frames is { } n && found.Fps is { } fps ? TimeSpan.FromSeconds(n / fps) : null,
            Comment = found.Comment,
        };
    }

    /// <summary>Frames of a Motion-JPEG file.</summary>
    /// <exception cref="EngineException">A frame is damaged.</exception>
    public static IEnumerable<Image> Frames(string path)
    {
        using var stream = MediaFile.Open(path, "clip");
        Image? last = null;
        int number = 0;
        foreach (var (type, list, offset, size) in Chunks(stream, intoMovies: true))
        {
            // Stream number, then "dc" or "db": compressed or plain frames.
            if (list is not ("movi" or "rec ") || type is not [>= '0' and <= '9', >= '0' and <= '9', 'd', 'c' or 'b'])
            {
                continue;
            }

            if (size > 0)
            {
                var jpeg = new byte[size];
                stream.Position = offset;
                stream.ReadExactly(jpeg);
                last = Image.Decode(jpeg, $"{path} (frame {number})");
            }

            // An empty chunk shows the frame before once more.
            if (last is not null)
            {
                number++;
                yield return last;
            }
        }
    }

    static void Header(Stream stream, (string Type, string List, long Offset, int Size) chunk, Found found)
    {
        Span<byte> body = stackalloc byte[64];
        stream.Position = chunk.Offset;
        if (chunk.Type == "ICMT" && chunk.Size < ClipMetadata.MaxLength)
        {
            var text = new byte[chunk.Size];
            stream.ReadExactly(text);
            found.Comment = Encoding.Latin1.GetString(text).TrimEnd('\0');
            return;
        }

        body = body[..stream.ReadAtLeast(body[..Math.Min(chunk.Size, body.Length)], Math.Min(chunk.Size, body.Length), throwOnEndOfStream: false)];
        switch (chunk.Type)
        {
            case "avih" when body.Length >= 40:
                found.Frames = Int(body, 16);
                (found.Width, found.Height) = (Int(body, 32), Int(body, 36));
                found.Fps = Int(body, 0) > 0 ? 1e6 / Int(body, 0) : null;
                break;
            case "strh" when body.Length >= 36 && body.StartsWith("vids"u8):
                found.Fps = Int(body, 20) > 0 && Int(body, 24) > 0 ? (double)Int(body, 24) / Int(body, 20) : found.Fps;
                found.IsVideo = true;
                break;
            case "strh":
                found.IsVideo = false;
                break;
            case "strf" when body.Length >= 20 && found.IsVideo && found.Codec is null:
                (found.Width, found.Height) = (Int(body, 4), Math.Abs(Math.Max(Int(body, 8), -int.MaxValue)));
                found.Codec = Encoding.Latin1.GetString(body[16..20]);
                break;
            case "dmlh" when body.Length >= 4:
                found.AllFrames = Int(body, 0);
                break;
        }
    }

    // All chunks that are not lists, with the kind of list they lie in.
    static IEnumerable<(string Type, string List, long Offset, int Size)> Chunks(Stream stream, bool intoMovies)
    {
        var ends = new Stack<(long End, string List)>();
        var head = new byte[12];
        for (long at = 0; ;)
        {
            while (ends.TryPeek(out var open) && at + 8 > open.End)
            {
                at = open.End + (open.End & 1);
                ends.Pop();
            }

            stream.Position = at;
            int got = stream.ReadAtLeast(head, 12, throwOnEndOfStream: false);
            if (got < 8)
            {
                yield break;
            }

            string type = Encoding.Latin1.GetString(head, 0, 4);
            long size = BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(4));
            // No list reaches beyond the one it lies in, whatever it says: so reading never goes back.
            long end = Math.Min(at + 8 + size, ends.TryPeek(out var around) ? around.End : stream.Length);
            if (type is "RIFF" or "LIST")
            {
                string kind = Encoding.Latin1.GetString(head, 8, 4);
                if (got < 12 || ends.Count == MaxDepth || (type == "RIFF" && kind is not ("AVI " or "AVIX")))
                {
                    yield break;
                }

                if (kind == "movi" && !intoMovies)
                {
                    at = end + (end & 1);
                    continue;
                }

                ends.Push((end, kind));
                at += 12;
                continue;
            }

            if (at + 8 + size > end || size > int.MaxValue)
            {
                // Cut short in the middle of a chunk.
                yield break;
            }

            yield return (type, around.List ?? "", at + 8, (int)size);
            at = end + (end & 1);
        }
    }

    static int Int(ReadOnlySpan<byte> body, int at) => BinaryPrimitives.ReadInt32LittleEndian(body[at..]);

    sealed class Found
    {
        public int Width { get; set; }

        public int Height { get; set; }

        public double? Fps { get; set; }

        public int Frames { get; set; }

        public int AllFrames { get; set; }

        public bool IsVideo { get; set; }

        public string? Codec { get; set; }

        public string? Comment { get; set; }
    }
}
