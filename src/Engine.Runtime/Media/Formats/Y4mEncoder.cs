using System.Text;

namespace Engine.Runtime.Media;

/// <summary>Raw YUV4MPEG2: 4:4:4, limited range, BT.601, which is what readers assume of a stream that says nothing.</summary>
/// <remarks>
/// Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255, Cb and Cr = 128 + 112 x (B - Y') / 0.886 and (R - Y') / 0.701, all rounded to the nearest.
/// Back in RGB a value is off by 2 at most.
/// </remarks>
sealed class Y4mEncoder : FileEncoder
{
    readonly byte[] _planes;

    public Y4mEncoder(string temporary, int width, int height, FrameRate rate)
        : base(temporary, width, height, rate, metadata: null)
    {
        _planes = new byte[checked(width * height * 3)];
        File.Write(Encoding.ASCII.GetBytes($"YUV4MPEG2 W{width} H{height} F{rate.Numerator}:{rate.Denominator} Ip A1:1 C444 XCOLORRANGE=LIMITED\n"));
    }

    protected override void Write(ReadOnlySpan<byte> rgb)
    {
        int count = Width * Height;
        for (int i = 0; i < count; i++)
        {
            float r = rgb[i * 3], g = rgb[(i * 3) + 1], b = rgb[(i * 3) + 2];
            float luma = (0.299f * r) + (0.587f * g) + (0.114f * b);
            _planes[i] = (byte)(16.5f + (luma * (219f / 255)));
            _planes[count + i] = (byte)(128.5f + ((b - luma) * (112f / 255 / 0.886f)));
            _planes[(2 * count) + i] = (byte)(128.5f + ((r - luma) * (112f / 255 / 0.701f)));
        }

        File.Write("FRAME\n"u8);
        File.Write(_planes);
    }

    protected override void Finish()
    {
        // A raw stream ends where it ends.
    }
}
