using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Engine.Runtime.Media;

/// <summary>Writes PNG files and walks their chunks (W3C PNG, third edition, which defines animation too).</summary>
static class PngFile
{
    static readonly byte[] s_signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];
    static readonly uint[] s_crcTable = MakeCrcTable();

    /// <summary>First 8 bytes of every PNG.</summary>
    public static ReadOnlySpan<byte> Signature => s_signature;

    /// <summary>Writes a whole still picture.</summary>
    /// <param name="stream">Target.</param>
    /// <param name="width">Width, pixels.</param>
    /// <param name="height">Height, pixels.</param>
    /// <param name="channels">1 (grey) or 3 (RGB).</param>
    /// <param name="pixels">[height, width, channels].</param>
    /// <param name="text">Text chunks, keyword to value.</param>
    public static void Write(Stream stream, int width, int height, int channels, ReadOnlySpan<byte> pixels, IReadOnlyDictionary<string, string>? text)
    {
        stream.Write(s_signature);
        WriteChunk(stream, "IHDR", Header(width, height, channels));
        foreach (var (keyword, value) in text ?? new Dictionary<string, string>())
        {
            WriteText(stream, keyword, value);
        }

        WriteChunk(stream, "IDAT", Compress(width, height, channels, pixels));
        WriteChunk(stream, "IEND", []);
    }

    /// <summary>Body of an IHDR chunk: 8 bits a channel, not interlaced.</summary>
    public static byte[] Header(int width, int height, int channels)
    {
        var body = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(body, width);
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(4), height);
        body[8] = 8;
        body[9] = (byte)(channels == 1 ? 0 : 2);
        return body;
    }

    /// <summary>Filters and deflates pixels: the body of an IDAT chunk.</summary>
    public static byte[] Compress(int width, int height, int channels, ReadOnlySpan<byte> pixels)
    {
        int stride = width * channels;
        var target = new MemoryStream();
        using (var zlib = new ZLibStream(target, CompressionLevel.Optimal, leaveOpen: true))
        {
            var above = new byte[stride];
            var best = new byte[stride + 1];
            var trial = new byte[stride + 1];
            for (int y = 0; y < height; y++)
            {
                var row = pixels.Slice(y * stride, stride);
                Filter(row, above, channels, best, trial);
                zlib.Write(best);
                row.CopyTo(above);
            }
        }

        return target.ToArray();
    }

    /// <summary>Writes one chunk.</summary>
    public static void WriteChunk(Stream stream, string type, ReadOnlySpan<byte> body)
    {
        Span<byte> head = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(head, body.Length);
        Encoding.ASCII.GetBytes(type, head[4..]);
        stream.Write(head);
        stream.Write(body);
        Span<byte> crc = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(crc, ~Crc(Crc(uint.MaxValue, head[4..]), body));
        stream.Write(crc);
    }

    /// <summary>Writes a text chunk: tEXt where the value is Latin-1, iTXt (UTF-8) elsewhere.</summary>
    public static void WriteText(Stream stream, string keyword, string value)
    {
        if (keyword.Length is < 1 or > 79)
        {
            throw new ArgumentException($"A PNG keyword has 1 to 79 characters, '{keyword}' has {keyword.Length}.", nameof(keyword));
        }

        bool latin = value.All(c => c is < (char)256 and not '\0');
        var body = new MemoryStream();
        body.Write(Encoding.Latin1.GetBytes(keyword));
        // iTXt: keyword 0, not compressed 0, method 0, no language 0, no translated keyword 0.
        body.Write(latin ? [0] : [0, 0, 0, 0, 0]);
        body.Write(latin ? Encoding.Latin1.GetBytes(value) : Encoding.UTF8.GetBytes(value));
        WriteChunk(stream, latin ? "tEXt" : "iTXt", body.GetBuffer().AsSpan(0, (int)body.Length));
    }

    /// <summary>Value of a tEXt or iTXt chunk (not compressed ones), or null where it has another keyword or is malformed.</summary>
    public static string? Text(string type, ReadOnlySpan<byte> body, string keyword)
    {
        int end = body.IndexOf((byte)0);
        if (end < 0 || Encoding.Latin1.GetString(body[..end]) != keyword)
        {
            return null;
        }

        var rest = body[(end + 1)..];
        if (type == "tEXt")
        {
            return Encoding.Latin1.GetString(rest);
        }

        if (type != "iTXt" || rest.Length < 2 || rest[0] != 0)
        {
            return null;
        }

        rest = rest[2..];
        for (int i = 0; i < 2; i++)
        {
            int zero = rest.IndexOf((byte)0);
            if (zero < 0)
            {
                return null;
            }

            rest = rest[(zero + 1)..];
        }

        return Encoding.UTF8.GetString(rest);
    }

    /// <summary>Walks the chunks of a PNG: type, where its body begins, and how long it is. Stops at IEND or at the first damage.</summary>
    public static IEnumerable<(string Type, long Offset, int Length)> Chunks(Stream stream)
    {
        var head = new byte[8];
        stream.Position = 0;
        if (stream.ReadAtLeast(head, 8, throwOnEndOfStream: false) < 8 || !head.AsSpan().SequenceEqual(s_signature))
        {
            yield break;
        }

        long at = 8;
        while (at + 12 <= stream.Length)
        {
            stream.Position = at;
            stream.ReadExactly(head);
            uint length = BinaryPrimitives.ReadUInt32BigEndian(head);
            string type = Encoding.Latin1.GetString(head, 4, 4);
            if (length > int.MaxValue || at + 12 + length > stream.Length || type == "IEND")
            {
                yield break;
            }

            yield return (type, at + 8, (int)length);
            at += 12 + length;
        }
    }

    // The usual rule of thumb: of the five filters, the one whose differences sum to least.
    static void Filter(ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int channels, Span<byte> best, Span<byte> trial)
    {
        long least = long.MaxValue;
        for (int filter = 0; filter < 5; filter++)
        {
            long sum = 0;
            trial[0] = (byte)filter;
            for (int i = 0; i < row.Length; i++)
            {
                int left = i >= channels ? row[i - channels] : 0;
                int up = above[i];
                int predicted = filter switch
                {
                    0 => 0,
                    1 => left,
                    2 => up,
                    3 => (left + up) / 2,
                    _ => Paeth(left, up, i >= channels ? above[i - channels] : 0),
                };
                byte difference = (byte)(row[i] - predicted);
                trial[i + 1] = difference;
                sum += Math.Abs((sbyte)difference == sbyte.MinValue ? 128 : (sbyte)difference);
            }

            if (sum < least)
            {
                least = sum;
                trial.CopyTo(best);
            }
        }
    }

    static int Paeth(int left, int up, int corner)
    {
        int guess = left + up - corner;
        int toLeft = Math.Abs(guess - left), toUp = Math.Abs(guess - up), toCorner = Math.Abs(guess - corner);
        return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    }

    static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            crc = s_crcTable[(crc ^ b) & 0xFF] ^ (crc >> 8);
        }

        return crc;
    }

    static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (uint n = 0; n < 256; n++)
        {
            uint c = n;
            for (int k = 0; k < 8; k++)
            {
                c = (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
            }

            table[n] = c;
        }

        return table;
    }
}
