using System.Buffers.Binary;

namespace Engine.Runtime.Media;

/// <summary>Animated PNG: every frame whole, shown in a loop. Viewers that know no animation show the first frame.</summary>
sealed class ApngEncoder : FileEncoder
{
    readonly long _control;
    int _sequence;

    public ApngEncoder(string temporary, int width, int height, FrameRate rate, string? metadata)
        : base(temporary, width, height, rate, metadata)
    {
        File.Write(PngFile.Signature);
        PngFile.WriteChunk(File, "IHDR", PngFile.Header(width, height, channels: 3));
        if (metadata is not null)
        {
            PngFile.WriteText(File, "Comment", metadata);
        }

        // The number of frames is known at the end only; the chunk is written again then.
        _control = File.Position;
        PngFile.WriteChunk(File, "acTL", new byte[8]);
    }

    protected override void Write(ReadOnlySpan<byte> rgb)
    {
        var control = new byte[26];
        BinaryPrimitives.WriteInt32BigEndian(control, _sequence++);
        BinaryPrimitives.WriteInt32BigEndian(control.AsSpan(4), Width);
        BinaryPrimitives.WriteInt32BigEndian(control.AsSpan(8), Height);
        var (seconds, frames) = Delay();
        BinaryPrimitives.WriteUInt16BigEndian(control.AsSpan(20), seconds);
        BinaryPrimitives.WriteUInt16BigEndian(control.AsSpan(22), frames);
        PngFile.WriteChunk(File, "fcTL", control);

        byte[] data = PngFile.Compress(Width, Height, channels: 3, rgb);
        if (Frames == 0)
        {
            PngFile.WriteChunk(File, "IDAT", data);
            return;
        }

        var numbered = new byte[data.Length + 4];
        BinaryPrimitives.WriteInt32BigEndian(numbered, _sequence++);
        data.CopyTo(numbered, 4);
        PngFile.WriteChunk(File, "fdAT", numbered);
    }

    protected override void Finish()
    {
        PngFile.WriteChunk(File, "IEND", []);
        var control = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(control, Frames);
        File.Position = _control;
        PngFile.WriteChunk(File, "acTL", control);
    }

    // Both halves of the fraction have 16 bits.
    (ushort Seconds, ushort Frames) Delay() => Rate is { Numerator: <= ushort.MaxValue, Denominator: <= ushort.MaxValue }
        ? ((ushort)Rate.Denominator, (ushort)Rate.Numerator)
        : ((ushort)Math.Round(1000 / Rate.Value), (ushort)1000);
}
