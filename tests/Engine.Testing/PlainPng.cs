using System.Buffers.Binary;
using System.IO.Compression;

namespace Engine.Testing;

/// <summary>Reads the goldens' pictures (8-bit RGB, not interlaced) without the engine's own decoder.</summary>
public static class PlainPng
{
    /// <summary>Pixels of a file as [height, width, 3].</summary>
    public static (byte[] Rgb, int Width, int Height) Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int width = 0;
        int height = 0;
        using var packed = new MemoryStream();
        for (int at = 8; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            var type = file.AsSpan(at + 4, 4);
            var data = file.AsSpan(at + 8, length);
            if (type.SequenceEqual("IHDR"u8))
            {
                width = BinaryPrimitives.ReadInt32BigEndian(data);
                height = BinaryPrimitives.ReadInt32BigEndian(data[4..]);
                if (data is not [.., 8, 2, 0, 0, 0])
                {
                    throw new InvalidDataException($"{path} is not a plain 8-bit RGB picture.");
                }
            }
            else if (type.SequenceEqual("IDAT"u8))
            {
                packed.Write(data);
            }

            at += length + 12;
        }

        packed.Position = 0;
        using var unpacked = new ZLibStream(packed, CompressionMode.Decompress);
        byte[] rgb = new byte[width * height * 3];
        byte[] filter = new byte[1];
        for (int y = 0; y < height; y++)
        {
            unpacked.ReadExactly(filter);
            var row = rgb.AsSpan(y * width * 3, width * 3);
            unpacked.ReadExactly(row);
            var above = y == 0 ? new byte[row.Length] : rgb.AsSpan((y - 1) * width * 3, width * 3);
            for (int i = 0; i < row.Length; i++)
            {
                int left = i < 3 ? 0 : row[i - 3];
                int corner = i < 3 ? 0 : above[i - 3];
                row[i] += (byte)(filter[0] switch
                {
                    0 => 0,
                    1 => left,
                    2 => above[i],
                    3 => (left + above[i]) / 2,
                    _ => Paeth(left, above[i], corner),
                });
            }
        }

        return (rgb, width, height);
    }

    static int Paeth(int left, int above, int corner)
    {
        int guess = left + above - corner;
        int toLeft = Math.Abs(guess - left);
        int toAbove = Math.Abs(guess - above);
        int toCorner = Math.Abs(guess - corner);
        return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
    }
}
