using System.Buffers.Binary;
using System.IO.Compression;
using Xunit;

namespace Engine.Runtime.Tests.Media;

/// <summary>A PNG decoder of its own, for 8-bit grey and RGB without interlace: what the goldens' pictures must decode to.</summary>
static class TinyPng
{
    public static (int Width, int Height, int Channels, byte[] Pixels) Decode(byte[] file)
    {
        int width = 0, height = 0, channels = 0;
        var data = new MemoryStream();
        for (int at = 8; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            var body = file.AsSpan(at + 8, length);
            switch (System.Text.Encoding.ASCII.GetString(file, at + 4, 4))
            {
                case "IHDR":
                    (width, height) = (BinaryPrimitives.ReadInt32BigEndian(body), BinaryPrimitives.ReadInt32BigEndian(body[4..]));
                    channels = body[9] == 0 ? 1 : 3;
                    Assert.Equal(8, body[8]);
                    Assert.True(body[9] is 0 or 2 && body[12] == 0);
                    break;
                case "IDAT":
                    data.Write(body);
                    break;
            }

            at += 12 + length;
        }

        data.Position = 0;
        int stride = width * channels;
        var pixels = new byte[stride * height];
        using var zlib = new ZLibStream(data, CompressionMode.Decompress);
        for (int y = 0; y < height; y++)
        {
            int filter = zlib.ReadByte();
            var row = pixels.AsSpan(y * stride, stride);
            zlib.ReadExactly(row);
            for (int i = 0; i < stride; i++)
            {
                int left = i >= channels ? row[i - channels] : 0;
                int up = y > 0 ? pixels[((y - 1) * stride) + i] : 0;
                int corner = y > 0 && i >= channels ? pixels[((y - 1) * stride) + i - channels] : 0;
                row[i] += (byte)(filter switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) / 2, _ => Paeth(left, up, corner) });
            }
        }

        return (width, height, channels, pixels);
    }

    static int Paeth(int a, int b, int c)
    {
        int p = a + b - c;
        int pa = Math.Abs(p - a), pb = Math.Abs(p - b), pc = Math.Abs(p - c);
        return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    }
}
