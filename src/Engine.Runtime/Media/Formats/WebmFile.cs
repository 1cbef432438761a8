using System.Buffers.Binary;
using System.Text;

namespace Engine.Runtime.Media;

/// <summary>Reads the headers of WebM and Matroska files (RFC 8794 and 9559). Trusts no size.</summary>
static class WebmFile
{
    const uint Ebml = 0x1A45DFA3, DocType = 0x4282, Segment = 0x18538067, Info = 0x1549A966, TimestampScale = 0x2AD7B1, Duration = 0x4489, Tracks = 0x1654AE6B,
        TrackEntry = 0xAE, TrackNumber = 0xD7, TrackType = 0x83, CodecId = 0x86, DefaultDuration = 0x23E383, Video = 0xE0, PixelWidth = 0xB0, PixelHeight = 0xBA,
        Tags = 0x1254C367, Tag = 0x7373, SimpleTag = 0x67C8, TagName = 0x45A3, TagString = 0x4487,
        Cluster = 0x1F43B675, BlockGroup = 0xA0, Block = 0xA1, SimpleBlock = 0xA3;

    // Deep enough for what is read here; a file that nests further is not followed.
    const int MaxDepth = 6;

    public static ClipInfo? Read(Stream stream, string path)
    {
        var found = new Found();
        stream.Position = 0;
        Walk(stream, stream.Length, found, depth: 0);
        if (found.Width is < 1 or > 1 << 16 || found.Height is < 1 or > 1 << 16)
        {
            return null;
        }

        double seconds = found.Duration * found.Scale / 1e9;
        seconds = seconds is > 0 and < 1e8 ? seconds : 0;
        double? fps = found.FrameNanoseconds > 0 ? 1e9 / found.FrameNanoseconds
            : seconds > 0 && found.Blocks > 0 ? found.Blocks / seconds : null;
        return new ClipInfo
        {
            Path = path,
            Container = found.DocType == "webm" ? "WebM" : "Matroska",
            Codec = found.Codec,
            Width = (int)found.Width,
            Height = (int)found.Height,
            Frames = found.Blocks > 0 ? found.Blocks : null,
            Duration = seconds > 0 ? TimeSpan.FromSeconds(seconds) : null,
            Fps = fps is { } value ? Math.Round(value, 3) : null,
            Comment = found.Comment,
        };
    }

    static void Walk(Stream stream, long end, Found found, int depth)
    {
        while (stream.Position < end && TryHeader(stream, end, out uint id, out long size))
        {
            long next = size < 0 ? end : stream.Position + size;
            if (next > end)
            {
                // A segment that is cut short is still read as far as it goes.
                next = end;
            }

            switch (id)
            {
                case Ebml or Segment or Info or Tracks or Video or Tags or Tag or Cluster or BlockGroup when depth < MaxDepth:
                    Walk(stream, next, found, depth + 1);
                    break;
                case TrackEntry when depth < MaxDepth:
                    found.BeginTrack();
                    Walk(stream, next, found, depth + 1);
                    found.EndTrack();
                    break;
                case SimpleTag when depth < MaxDepth:
                    found.TagName = null;
                    Walk(stream, next, found, depth + 1);
                    break;
                case Block or SimpleBlock:
                    found.Blocks += TryVint(stream, next, keepMark: false, out long track) && track == found.Number ? 1 : 0;
                    break;
                default:
                    Leaf(stream, id, next - stream.Position, found);
                    break;
            }

            stream.Position = next;
        }
    }

    static void Leaf(Stream stream, uint id, long size, Found found)
    {
        switch (id)
        {
            case DocType:
                found.DocType = Text(stream, size);
                break;
            case TimestampScale:
                found.Scale = Number(stream, size);
                break;
            case Duration:
                found.Duration = Real(stream, size);
                break;
            case TrackNumber:
                found.Track.Number = Number(stream, size);
                break;
            case TrackType:
                found.Track.Type = Number(stream, size);
                break;
            case CodecId:
                found.Track.Codec = Text(stream, size);
                break;
            case DefaultDuration:
                found.Track.FrameNanoseconds = Number(stream, size);
                break;
            case PixelWidth:
                found.Track.Width = Number(stream, size);
                break;
            case PixelHeight:
                found.Track.Height = Number(stream, size);
                break;
            case TagName:
                found.TagName = Text(stream, size);
                break;
            case TagString when string.Equals(found.TagName, "COMMENT", StringComparison.OrdinalIgnoreCase):
                found.Comment ??= Text(stream, size);
                break;
        }
    }

    static bool TryHeader(Stream stream, long end, out uint id, out long size)
    {
        size = 0;
        id = 0;
        if (!TryVint(stream, end, keepMark: true, out long wide) || wide > uint.MaxValue || !TryVint(stream, end, keepMark: false, out size))
        {
            return false;
        }

        id = (uint)wide;
        return true;
    }

    // A number whose length is told by the zeros it begins with; -1 where all its bits are ones (a size that is not known).
    static bool TryVint(Stream stream, long end, bool keepMark, out long value)
    {
        value = 0;
        int first = stream.Position < end ? stream.ReadByte() : -1;
        if (first <= 0)
        {
            return false;
        }

        int length = System.Numerics.BitOperations.LeadingZeroCount((uint)first) - 23;
        if (stream.Position + length - 1 > end)
        {
            return false;
        }

        value = keepMark ? first : first & ((1 << (8 - length)) - 1);
        bool ones = !keepMark && value == (1 << (8 - length)) - 1;
        for (int i = 1; i < length; i++)
        {
            int next = stream.ReadByte();
            if (next < 0)
            {
                return false;
            }

            ones &= next == 255;
            value = (value << 8) | (uint)next;
        }

        value = ones ? -1 : value;
        return true;
    }

    static long Number(Stream stream, long size)
    {
        long value = 0;
        for (int i = 0; i < Math.Min(size, 8); i++)
        {
            value = (value << 8) | (uint)Math.Max(stream.ReadByte(), 0);
        }

        return value;
    }

    static double Real(Stream stream, long size)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (size is not (4 or 8) || stream.ReadAtLeast(bytes[..(int)size], (int)size, throwOnEndOfStream: false) < size)
        {
            return 0;
        }

        return size == 4 ? BinaryPrimitives.ReadSingleBigEndian(bytes) : BinaryPrimitives.ReadDoubleBigEndian(bytes);
    }

    static string? Text(Stream stream, long size)
    {
        if (size is < 0 or > ClipMetadata.MaxLength)
        {
            return null;
        }

        var bytes = new byte[size];
        int got = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return Encoding.UTF8.GetString(bytes.AsSpan(0, got)).TrimEnd('\0');
    }

    sealed class Found
    {
        bool _haveVideo;

        public long Scale { get; set; } = 1_000_000;

        public double Duration { get; set; }

        public long Number { get; private set; } = -1;

        public long Width { get; private set; }

        public long Height { get; private set; }

        public long FrameNanoseconds { get; private set; }

        public string? Codec { get; private set; }

        public int Blocks { get; set; }

        public string? DocType { get; set; }

        public string? TagName { get; set; }

        public string? Comment { get; set; }

        public TrackFields Track { get; private set; } = new();

        public void BeginTrack() => Track = new TrackFields();

        // Type 1 is video; the first one counts.
        public void EndTrack()
        {
            if (Track.Type == 1 && !_haveVideo)
            {
                _haveVideo = true;
                (Number, Width, Height, FrameNanoseconds, Codec) = (Track.Number, Track.Width, Track.Height, Track.FrameNanoseconds, Track.Codec);
            }
        }
    }

    sealed class TrackFields
    {
        public long Number { get; set; }

        public long Type { get; set; }

        public string? Codec { get; set; }

        public long FrameNanoseconds { get; set; }

        public long Width { get; set; }

        public long Height { get; set; }
    }
}
