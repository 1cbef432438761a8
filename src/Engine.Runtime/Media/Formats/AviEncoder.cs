using System.Buffers.Binary;
using System.Text;

namespace Engine.Runtime.Media;

/// <summary>Motion-JPEG in AVI: every frame a JPEG, with both kinds of index.</summary>
/// <remarks>
/// Layout: the AVI 1.0 headers with an OpenDML super index (OpenDML AVI File Format Extensions 1.02). The file is cut into
/// segments of 1 GB at most, each with its own index, so that clips of any length stay readable; old players see the first segment.
/// </remarks>
sealed class AviEncoder : FileEncoder
{
    const int Quality = 92;
    const int MaxSegments = 256;
    const int HeaderBytes = 8;

    readonly long _segmentBytes;
    readonly List<(long Offset, int Size)> _segment = [];
    readonly List<(long Offset, int Size, int Frames)> _indexes = [];
    readonly long _headerFrames;
    readonly long _streamFrames;
    readonly long _superIndex;
    readonly long _totalFrames;
    long _riff;
    long _movi;
    int _largest;
    int _firstSegmentFrames;

    public AviEncoder(string temporary, int width, int height, FrameRate rate, string? metadata, long segmentBytes = 1L << 30)
        : base(temporary, width, height, rate, metadata)
    {
        _segmentBytes = segmentBytes;
        _riff = Open("RIFF", "AVI ");
        long headers = Open("LIST", "hdrl");
        long avih = Open("avih");
        _headerFrames = File.Position + 16;
        // Microseconds a frame, bytes a second, granularity, flags (has an index), frames, initial frames, streams, buffer, size, reserved.
        Ints((int)Math.Round(1e6 / rate.Value), 0, 0, 0x10, 0, 0, 1, 0, width, height, 0, 0, 0, 0);
        Close(avih);

        long stream = Open("LIST", "strl");
        long strh = Open("strh");
        Tag("vids");
        Tag("MJPG");
        _streamFrames = File.Position + 24;
        // Flags, priority and language, initial frames, scale, rate, start, length, buffer, quality (default), sample size, rectangle.
        Ints(0, 0, 0, rate.Denominator, rate.Numerator, 0, 0, 0, -1, 0, 0, (height << 16) | width);
        Close(strh);
        long strf = Open("strf");
        Ints(40, width, height, 1 | (24 << 16));
        Tag("MJPG");
        Ints(width * height * 3, 0, 0, 0, 0);
        Close(strf);
        long indx = Open("indx");
        _superIndex = File.Position;
        File.Write(new byte[24 + (MaxSegments * 16)]);
        Close(indx);
        Close(stream);

        long odml = Open("LIST", "odml");
        long dmlh = Open("dmlh");
        _totalFrames = File.Position;
        Ints(0);
        Close(dmlh);
        Close(odml);
        Close(headers);

        long info = Open("LIST", "INFO");
        Text("ISFT", "Engine");
        if (metadata is not null)
        {
            Text("ICMT", metadata);
        }

        Close(info);
        _movi = Open("LIST", "movi");
    }

    protected override void Write(ReadOnlySpan<byte> rgb)
    {
        byte[] jpeg = SkiaCodec.EncodeJpeg(rgb, Width, Height, Quality);
        if (_segment.Count > 0 && File.Position - _riff + jpeg.Length + (_segment.Count * 24L) > _segmentBytes)
        {
            EndSegment();
            _riff = Open("RIFF", "AVIX");
            _movi = Open("LIST", "movi");
        }

        long at = Open("00dc");
        _segment.Add((at, jpeg.Length));
        File.Write(jpeg);
        Close(at);
        _largest = Math.Max(_largest, jpeg.Length);
    }

    protected override void Finish()
    {
        EndSegment();
        Patch(_headerFrames, _firstSegmentFrames);
        Patch(_headerFrames + 12, _largest + HeaderBytes);
        Patch(_streamFrames, Frames);
        Patch(_streamFrames + 4, _largest + HeaderBytes);
        Patch(_totalFrames, Frames);

        File.Position = _superIndex;
        // Ints per entry, an index of indexes, entries in use.
        Ints(4, _indexes.Count);
        Tag("00dc");
        Ints(0, 0, 0);
        foreach (var (offset, size, frames) in _indexes)
        {
            Long(offset);
            Ints(size, frames);
        }

        File.Position = File.Length;
    }

    void EndSegment()
    {
        if (_indexes.Count == MaxSegments)
        {
            throw new IOException($"the clip is longer than the {MaxSegments} GB that an AVI file holds; write .mp4 or numbered .png files");
        }

        // Offsets in the segment's index count from here, and point at the data behind a frame's header.
        long index = Open("ix00");
        Ints(2 | (1 << 24), _segment.Count);
        Tag("00dc");
        Long(_movi);
        Ints(0);
        foreach (var (offset, size) in _segment)
        {
            Ints((int)(offset + HeaderBytes - _movi), size);
        }

        Close(index);
        _indexes.Add((index, (int)(File.Position - index), _segment.Count));
        Close(_movi);
        if (_indexes.Count == 1)
        {
            OldIndex();
            _firstSegmentFrames = _segment.Count;
        }

        Close(_riff);
        _segment.Clear();
    }

    // The index of AVI 1.0: every frame a key frame, offsets from the word "movi".
    void OldIndex()
    {
        long index = Open("idx1");
        foreach (var (offset, size) in _segment)
        {
            Tag("00dc");
            Ints(0x10, (int)(offset - _movi - HeaderBytes), size);
        }

        Close(index);
    }

    // Opens a chunk, or a list with its kind; its size is filled in when it is closed.
    long Open(string tag, string? kind = null)
    {
        long at = File.Position;
        Tag(tag);
        Ints(0);
        if (kind is not null)
        {
            Tag(kind);
        }

        return at;
    }

    void Close(long at)
    {
        long end = File.Position;
        Patch(at + 4, (int)(end - at - HeaderBytes));
        File.Position = end;
        if ((end & 1) != 0)
        {
            File.WriteByte(0);
        }
    }

    void Patch(long at, int value)
    {
        File.Position = at;
        Ints(value);
    }

    void Text(string tag, string value)
    {
        long at = Open(tag);
        File.Write(Encoding.ASCII.GetBytes(value));
        File.WriteByte(0);
        Close(at);
    }

    void Tag(string tag) => File.Write(Encoding.ASCII.GetBytes(tag));

    void Ints(params ReadOnlySpan<int> values)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (int value in values)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            File.Write(bytes);
        }
    }

    void Long(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        File.Write(bytes);
    }
}
