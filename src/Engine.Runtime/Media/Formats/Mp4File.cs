using System.Buffers.Binary;
using System.Text;

namespace Engine.Runtime.Media;

/// <summary>Reads the headers of MP4 and QuickTime files (ISO/IEC 14496-12): the boxes inside moov. Trusts no size.</summary>
static class Mp4File
{
    // An hour at 60 frames a second has a header of some 3 MB.
    const int MaxHeader = 64 << 20;

    delegate void Visitor(string type, ReadOnlySpan<byte> body);

    public static ClipInfo? Read(Stream stream, string path)
    {
        var head = new byte[16];
        for (long at = 0; at + 8 <= stream.Length;)
        {
            stream.Position = at;
            int got = stream.ReadAtLeast(head, 16, throwOnEndOfStream: false);
            long size = BinaryPrimitives.ReadUInt32BigEndian(head);
            int skip = 8;
            if (size == 1 && got == 16)
            {
                size = BinaryPrimitives.ReadInt64BigEndian(head.AsSpan(8));
                skip = 16;
            }
            else if (size == 0)
            {
                size = stream.Length - at;
            }

            if (size < skip || size > stream.Length - at)
            {
                return null;
            }

            if (head.AsSpan(4, 4).SequenceEqual("moov"u8))
            {
                if (size > MaxHeader)
                {
                    return null;
                }

                var body = new byte[size - skip];
                stream.Position = at + skip;
                stream.ReadExactly(body);
                return Header(body, path);
            }

            at += size;
        }

        return null;
    }

    static ClipInfo? Header(ReadOnlySpan<byte> moov, string path)
    {
        Track? video = null;
        string? comment = null;
        Walk(moov, (type, body) =>
        {
            if (type == "trak" && video is null)
            {
                var track = new Track();
                track.Read(body);
                video = track.IsVideo && track.Width > 0 && track.Height > 0 ? track : null;
            }
            else if (type == "udta")
            {
                comment ??= Comment(body);
            }
            else if (type == "meta")
            {
                comment ??= Tags(body);
            }
        });
        return video is null
            ? null
            : new ClipInfo
            {
                Path = path,
                Container = "MP4",
                Codec = video.Codec,
                Width = video.Width,
                Height = video.Height,
                Frames = video.Samples is > 0 and <= int.MaxValue ? (int)video.Samples : null,
                Duration = video.Seconds > 0 ? TimeSpan.FromSeconds(video.Seconds) : null,
                Fps = video.Seconds > 0 && video.Samples > 0 ? Math.Round(video.Samples / video.Seconds, 3) : null,
                Comment = comment,
            };
    }

    static string? Comment(ReadOnlySpan<byte> udta)
    {
        string? comment = null;
        Walk(udta, (type, body) => comment ??= type == "meta" ? Tags(body) : null);
        return comment;
    }

    // meta: version and flags (QuickTime leaves them out), then hdlr and ilst; in ilst a box for each tag, its text in "data".
    static string? Tags(ReadOnlySpan<byte> meta)
    {
        string? comment = null;
        bool plain = meta.Length >= 8 && meta[4..8].SequenceEqual("hdlr"u8);
        Walk(plain || meta.Length < 4 ? meta : meta[4..], (type, body) =>
        {
            if (type == "ilst")
            {
                Walk(body, (tag, item) =>
                {
                    if (tag is "©cmt")
                    {
                        Walk(item, (kind, data) => comment ??= kind == "data" && data.Length is >= 8 and < ClipMetadata.MaxLength ? Encoding.UTF8.GetString(data[8..]) : null);
                    }
                });
            }
        });
        return comment;
    }

    static void Walk(ReadOnlySpan<byte> boxes, Visitor visit)
    {
        while (boxes.Length >= 8)
        {
            uint size = BinaryPrimitives.ReadUInt32BigEndian(boxes);
            if (size < 8 || size > boxes.Length)
            {
                return;
            }

            visit(Encoding.Latin1.GetString(boxes[4..8]), boxes[8..(int)size]);
            boxes = boxes[(int)size..];
        }
    }

    /// <summary>What a trak box says.</summary>
    sealed class Track
    {
        public bool IsVideo { get; private set; }

        public string? Codec { get; private set; }

        public int Width { get; private set; }

        public int Height { get; private set; }

        public long Samples { get; private set; }

        public double Seconds { get; private set; }

        public void Read(ReadOnlySpan<byte> boxes) => Walk(boxes, Visit);

        void Visit(string type, ReadOnlySpan<byte> body)
        {
            switch (type)
            {
                case "mdia" or "minf" or "stbl":
                    Walk(body, Visit);
                    break;
                case "hdlr" when body.Length >= 12:
                    // The handler of the media comes first; a later one (of the data) does not undo it.
                    IsVideo |= body[8..12].SequenceEqual("vide"u8);
                    break;
                case "mdhd" when body.Length >= 24 && body[0] == 0:
                    Length(BinaryPrimitives.ReadUInt32BigEndian(body[16..]), BinaryPrimitives.ReadUInt32BigEndian(body[12..]));
                    break;
                case "mdhd" when body.Length >= 36 && body[0] == 1:
                    Length(BinaryPrimitives.ReadUInt64BigEndian(body[24..]), BinaryPrimitives.ReadUInt32BigEndian(body[20..]));
                    break;
                case "stsd" when body.Length >= 8 + 36:
                    Codec = Encoding.Latin1.GetString(body[12..16]);
                    Width = BinaryPrimitives.ReadUInt16BigEndian(body[40..]);
                    Height = BinaryPrimitives.ReadUInt16BigEndian(body[42..]);
                    break;
                case "stsz" when body.Length >= 12:
                    Samples = BinaryPrimitives.ReadUInt32BigEndian(body[8..]);
                    break;
            }
        }

        void Length(ulong units, uint unitsPerSecond)
        {
            double seconds = unitsPerSecond == 0 ? 0 : (double)units / unitsPerSecond;
            Seconds = seconds < 1e8 ? seconds : 0;
        }
    }
}
