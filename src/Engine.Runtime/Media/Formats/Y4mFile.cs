using System.Globalization;
using System.Text;
using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>Reads YUV4MPEG2 files of 8 bits: 4:4:4, 4:2:2, 4:2:0 or grey, BT.601, limited range unless the header says full.</summary>
static class Y4mFile
{
    const int MaxHeader = 4096;

    /// <summary>Where the metadata of a raw stream lies: its own header is limited to some 90 characters by ffmpeg and others.</summary>
    public static string MetadataPath(string path) => path + ".json";

    public static ClipInfo Describe(Stream stream, string path)
    {
        stream.Position = 0;
        var header = Header.Read(stream, path);
        // Exact where frames carry no parameters of their own, as nearly all do.
        long frames = (stream.Length - stream.Position) / (header.FrameBytes + 6);
        string beside = MetadataPath(path);
        return new ClipInfo
        {
            Path = path,
            Container = "Y4M",
            Codec = header.Sampling,
            Width = header.Width,
            Height = header.Height,
            Frames = (int)Math.Min(frames, int.MaxValue),
            Fps = Math.Round(header.Fps, 3),
            Duration = TimeSpan.FromSeconds(frames / header.Fps),
            Comment = File.Exists(beside) && new FileInfo(beside).Length < ClipMetadata.MaxLength ? File.ReadAllText(beside) : null,
        };
    }

    /// <summary>Frames as RGB; colour samples that stand for several pixels are repeated.</summary>
    /// <exception cref="EngineException">The file is cut short or damaged.</exception>
    public static IEnumerable<Image> Frames(string path)
    {
        using var stream = new BufferedStream(MediaFile.Open(path, "clip"), 1 << 16);
        var header = Header.Read(stream, path);
        var planes = new byte[header.FrameBytes];
        for (int number = 0; ReadLine(stream) is { } line; number++)
        {
            if (!line.StartsWith("FRAME", StringComparison.Ordinal))
            {
                throw Damaged(path, $"frame {number} does not begin with FRAME");
            }

            if (stream.ReadAtLeast(planes, planes.Length, throwOnEndOfStream: false) < planes.Length)
            {
                throw Damaged(path, $"it ends within frame {number}");
            }

            yield return new Image(header.Width, header.Height, header.ToRgb(planes));
        }
    }

    static string? ReadLine(Stream stream)
    {
        var line = new StringBuilder();
        for (int b = stream.ReadByte(); b >= 0 && b != '\n' && line.Length < MaxHeader; b = stream.ReadByte())
        {
            line.Append((char)b);
        }

        return line.Length == 0 ? null : line.ToString();
    }

    static EngineException Damaged(string path, string why) => new(ErrorKind.BadInput, $"The clip {path} cannot be read: {why}.");

    sealed record Header(int Width, int Height, double Fps, string Sampling, bool Full)
    {
        // Columns and rows that share a colour sample; none at all in grey.
        (int X, int Y) Share => Sampling switch
        {
            "444" => (1, 1),
            "422" => (2, 1),
            "mono" => (0, 0),
            _ => (2, 2),
        };

        int ChromaWidth => Share.X == 0 ? 0 : (Width + Share.X - 1) / Share.X;

        int ChromaHeight => Share.Y == 0 ? 0 : (Height + Share.Y - 1) / Share.Y;

        public long FrameBytes => ((long)Width * Height) + (2L * ChromaWidth * ChromaHeight);

        public static Header Read(Stream stream, string path)
        {
            string[] words = (ReadLine(stream) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0] != "YUV4MPEG2")
            {
                throw Damaged(path, "it does not begin as a Y4M file");
            }

            int width = 0, height = 0;
            double fps = 25;
            string sampling = "420jpeg";
            bool full = false;
            foreach (string word in words.Skip(1))
            {
                string value = word[1..];
                switch (word[0])
                {
                    case 'W':
                        width = Whole(value);
                        break;
                    case 'H':
                        height = Whole(value);
                        break;
                    case 'F' when value.Split(':') is [var a, var b] && Whole(a) > 0 && Whole(b) > 0:
                        fps = (double)Whole(a) / Whole(b);
                        break;
                    case 'C':
                        sampling = value;
                        break;
                    case 'X' when value == "COLORRANGE=FULL":
                        full = true;
                        break;
                }
            }

            if (width < 1 || height < 1 || (long)width * height > Image.MaxPixels)
            {
                throw Damaged(path, $"its size is {width}x{height}");
            }

            return sampling is "444" or "422" or "420" or "420jpeg" or "420mpeg2" or "420paldv" or "mono"
                ? new Header(width, height, fps, sampling, full)
                : throw Damaged(path, $"its kind of colour, C{sampling}, is not one of 444, 422, 420 and mono; convert it to MP4");
        }

        public byte[] ToRgb(ReadOnlySpan<byte> planes)
        {
            var rgb = new byte[Width * Height * 3];
            int chroma = ChromaWidth * ChromaHeight;
            var blue = planes.Slice(Width * Height, chroma);
            var red = planes.Slice((Width * Height) + chroma, chroma);
            float scale = Full ? 1 : 255f / 219, chromaScale = Full ? 1 : 255f / 224;
            int black = Full ? 0 : 16;
            for (int y = 0, i = 0; y < Height; y++)
            {
                for (int x = 0; x < Width; x++, i++)
                {
                    int c = chroma == 0 ? 0 : (y / Share.Y * ChromaWidth) + (x / Share.X);
                    float cb = chroma == 0 ? 0 : (blue[c] - 128) * chromaScale, cr = chroma == 0 ? 0 : (red[c] - 128) * chromaScale;
                    float luma = (planes[i] - black) * scale;
                    rgb[i * 3] = Byte(luma + (1.402f * cr));
                    rgb[(i * 3) + 1] = Byte(luma - (0.344136f * cb) - (0.714136f * cr));
                    rgb[(i * 3) + 2] = Byte(luma + (1.772f * cb));
                }
            }

            return rgb;
        }

        static byte Byte(float value) => (byte)Math.Clamp(value + 0.5f, 0, 255);

        static int Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0;
    }
}
