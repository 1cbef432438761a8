namespace Engine.Runtime.Tests.Media;

/// <summary>A folder that goes away with the test, and pictures to put there.</summary>
sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("engine-media-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Names of everything in the folder, hidden files included.</summary>
    public string[] Names => [.. Directory.EnumerateFileSystemEntries(Path).Select(p => System.IO.Path.GetFileName(p)!).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

static class TestPictures
{
    /// <summary>A smooth picture with a square that moves with time: easy on lossy codecs, and each frame differs.</summary>
    public static byte[] Frame(int width, int height, int time)
    {
        var rgb = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int at = ((y * width) + x) * 3;
                bool inside = x >= 4 + (2 * time) && x < 20 + (2 * time) && y >= 8 && y < 24;
                rgb[at] = inside ? (byte)220 : (byte)(x * 200 / width);
                rgb[at + 1] = inside ? (byte)40 : (byte)(y * 200 / height);
                rgb[at + 2] = inside ? (byte)30 : (byte)90;
            }
        }

        return rgb;
    }

    public static byte[] Noise(int count, uint seed = 1)
    {
        var bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            seed = (seed * 1664525) + 1013904223;
            bytes[i] = (byte)(seed >> 24);
        }

        return bytes;
    }

    /// <summary>Peak signal-to-noise ratio, dB.</summary>
    public static double Psnr(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        Xunit.Assert.Equal(a.Length, b.Length);
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += (a[i] - b[i]) * (double)(a[i] - b[i]);
        }

        return sum == 0 ? double.PositiveInfinity : 10 * Math.Log10(255.0 * 255 * a.Length / sum);
    }
}
