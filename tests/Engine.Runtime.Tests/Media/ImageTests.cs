using System.Buffers.Binary;
using Engine.Kernels;
using Engine.Runtime.Media;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Media;

public sealed class ImageTests
{
    [Fact]
    public void Pictures_of_the_goldens_decode_to_their_stored_bytes()
    {
        var files = Directory.GetFiles(Repository.Goldens, "*.png", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            var (width, height, channels, pixels) = TinyPng.Decode(File.ReadAllBytes(file));
            if (channels == 1)
            {
                var mask = Mask.Load(file);
                Assert.Equal((width, height), (mask.Width, mask.Height));
                Assert.Equal(pixels, mask.Values);
            }
            else
            {
                var image = Image.Load(file);
                Assert.Equal((width, height), (image.Width, image.Height));
                Assert.Equal(pixels, image.Rgb);
            }
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 5)]
    [InlineData(64, 48)]
    public void Png_comes_back_exactly_with_its_text(int width, int height)
    {
        var rgb = TestPictures.Noise(width * height * 3);
        var text = new Dictionary<string, string> { ["Comment"] = "{\"prompt\":\"a ball\"}", ["Title"] = "naïve 世界" };
        byte[] file = new Image(width, height, rgb).ToPng(text);
        Assert.Equal(rgb, Image.Decode(file, "x.png").Rgb);
        Assert.Equal(rgb, TinyPng.Decode(file).Pixels);
        Assert.Equal(text, ReadText(file, [.. text.Keys]));
    }

    [Fact]
    public void Gamma_and_profile_chunks_change_nothing()
    {
        var rgb = TestPictures.Noise(16 * 16 * 3);
        var stream = new MemoryStream();
        stream.Write(PngFile.Signature);
        PngFile.WriteChunk(stream, "IHDR", PngFile.Header(16, 16, 3));
        PngFile.WriteChunk(stream, "gAMA", [0, 1, 0x86, 0xA0]);
        PngFile.WriteChunk(stream, "cHRM", [.. Enumerable.Repeat((byte)0, 4).Concat(Enumerable.Repeat((byte)1, 28))]);
        PngFile.WriteChunk(stream, "IDAT", PngFile.Compress(16, 16, 3, rgb));
        PngFile.WriteChunk(stream, "IEND", []);
        Assert.Equal(rgb, Image.Decode(stream.ToArray(), "x.png").Rgb);
    }

    [Fact]
    public void Jpeg_and_webp_come_back_near()
    {
        var rgb = TestPictures.Frame(64, 48, 3);
        var image = new Image(64, 48, rgb);
        Assert.True(TestPictures.Psnr(rgb, Image.Decode(image.ToJpeg(95), "x.jpg").Rgb) > 28);
        Assert.True(TestPictures.Psnr(rgb, Image.Decode(image.ToWebp(80), "x.webp").Rgb) > 25);
        Assert.Equal(rgb, Image.Decode(image.ToWebp(), "x.webp").Rgb);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_camera_turned_any_way_gives_an_upright_picture(int orientation)
    {
        // Red at the top left, green at the top right, blue at the bottom left, white at the bottom right.
        const int Width = 48, Height = 32;
        var upright = new byte[Width * Height * 3];
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                bool right = x >= Width / 2, bottom = y >= Height / 2;
                byte[] colour = (right, bottom) switch
                {
                    (false, false) => [255, 0, 0],
                    (true, false) => [0, 255, 0],
                    (false, true) => [0, 0, 255],
                    _ => [255, 255, 255],
                };
                colour.CopyTo(upright, ((y * Width) + x) * 3);
            }
        }

        // What the camera stores for it: EXIF says where the stored first row and first column are seen.
        bool swap = orientation >= 5;
        int storedWidth = swap ? Height : Width, storedHeight = swap ? Width : Height;
        var stored = new byte[upright.Length];
        for (int r = 0; r < storedHeight; r++)
        {
            for (int c = 0; c < storedWidth; c++)
            {
                var (x, y) = orientation switch
                {
                    1 => (c, r),
                    2 => (Width - 1 - c, r),
                    3 => (Width - 1 - c, Height - 1 - r),
                    4 => (c, Height - 1 - r),
                    5 => (r, c),
                    6 => (Width - 1 - r, c),
                    7 => (Width - 1 - r, Height - 1 - c),
                    _ => (r, Height - 1 - c),
                };
                upright.AsSpan(((y * Width) + x) * 3, 3).CopyTo(stored.AsSpan(((r * storedWidth) + c) * 3));
            }
        }

        byte[] jpeg = WithOrientation(new Image(storedWidth, storedHeight, stored).ToJpeg(100), orientation);
        var image = Image.Decode(jpeg, "turned.jpg");
        Assert.Equal((Width, Height), (image.Width, image.Height));
        Assert.True(TestPictures.Psnr(upright, image.Rgb) > 25);
    }

    [Fact]
    public void Transparent_pixels_are_white_in_pictures_and_black_in_masks()
    {
        byte[] file = RgbaPng(2, 2, [255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255, 255, 200, 0, 0, 128]);
        Assert.Equal([255, 255, 255, 0, 0, 0, 255, 255, 255, 227, 127, 127], Image.Decode(file, "a.png").Rgb);
        Assert.Equal([0, 0, 255, 30], Mask.Decode(file, "a.png").Values);
    }

    [Fact]
    public void A_grey_picture_loads_as_three_equal_channels()
    {
        var stream = new MemoryStream();
        PngFile.Write(stream, 4, 1, 1, [0, 1, 128, 255], null);
        Assert.Equal([0, 0, 0, 1, 1, 1, 128, 128, 128, 255, 255, 255], Image.Decode(stream.ToArray(), "g.png").Rgb);
        Assert.Equal([0, 1, 128, 255], Mask.Decode(stream.ToArray(), "g.png").Values);
    }

    [Fact]
    public void Trouble_is_one_sentence_that_names_the_file()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["text.png"], "not a picture");
        File.WriteAllBytes(folder["empty.png"], []);
        byte[] good = new Image(32, 32, TestPictures.Noise(32 * 32 * 3)).ToPng();
        File.WriteAllBytes(folder["short.png"], good[..(good.Length / 2)]);
        byte[] huge = [.. good];
        BinaryPrimitives.WriteInt32BigEndian(huge.AsSpan(16), 1_000_000);
        File.WriteAllBytes(folder["huge.png"], huge);
        foreach (string name in new[] { "text.png", "empty.png", "short.png", "huge.png", "missing.png", "." })
        {
            var error = Assert.Throws<EngineException>(() => Image.Load(folder[name]));
            Assert.Equal(ErrorKind.BadInput, error.Kind);
            Assert.Contains(folder[name], error.Message);
            Assert.EndsWith(".", error.Message);
        }
    }

    [Fact]
    public void Saving_leaves_nothing_behind_when_it_fails()
    {
        using var folder = new TestFolder();
        var image = new Image(4, 4, TestPictures.Noise(48));
        image.Save(folder["a.png"]);
        Assert.Equal(image.Rgb, Image.Load(folder["a.png"]).Rgb);
        Assert.Equal(ErrorKind.BadRequest, Assert.Throws<EngineException>(() => image.Save(folder["a.tga"])).Kind);
        Directory.CreateDirectory(folder["b.png"]);
        Assert.Equal(ErrorKind.BadOutput, Assert.Throws<EngineException>(() => image.Save(folder["b.png"])).Kind);
        Assert.Equal(ErrorKind.BadOutput, Assert.Throws<EngineException>(() => image.Save(folder["no/such/c.png"])).Kind);
        Assert.Equal(["a.png", "b.png"], folder.Names);
    }

    [Theory]
    [InlineData(800, 600, 128, 128, "a.png: 800x600 scaled to 171x128, cropped to 128x128")]
    [InlineData(600, 800, 128, 128, "a.png: 600x800 scaled to 128x171, cropped to 128x128")]
    [InlineData(64, 64, 128, 128, "a.png: 64x64 scaled to 128x128")]
    [InlineData(128, 200, 128, 128, "a.png: 128x200 cropped to 128x128")]
    [InlineData(1, 3000, 64, 32, "a.png: 1x3000 scaled to 64x192000, cropped to 64x32")]
    public void What_is_done_to_fit_is_said(int width, int height, int newWidth, int newHeight, string want)
    {
        var image = new Image(width, height, TestPictures.Noise(width * height * 3));
        var (fitted, done) = ImageFit.Cover(image, newWidth, newHeight, "a.png");
        Assert.Equal((newWidth, newHeight), (fitted.Width, fitted.Height));
        Assert.Equal(want, done);
    }

    [Fact]
    public void A_picture_of_the_right_size_is_left_alone()
    {
        var image = new Image(8, 8, TestPictures.Noise(192));
        Assert.Equal((image, null), ImageFit.Cover(image, 8, 8, "a.png"));
        Assert.Same(image, ImageFit.Stretch(image, 8, 8));
    }

    [Fact]
    public void Samples_become_bytes_as_in_diffusers()
    {
        float[] samples = [-2, -1, 0, 1, 2, float.NaN, -0.5f, 0.003921569f, (2 * (200 / 255f)) - 1];
        var bytes = new byte[samples.Length];
        Pixels.ToBytes(samples, bytes);
        Assert.Equal([0, 0, 128, 255, 255, 0, 64, 128, 200], bytes);

        var all = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        var there = new float[256];
        var back = new byte[256];
        Pixels.ToSamples(all, there);
        Pixels.ToBytes(there, back);
        Assert.Equal(all, back);
    }

    static Dictionary<string, string> ReadText(byte[] file, string[] keywords)
    {
        var found = new Dictionary<string, string>();
        foreach (var (type, offset, length) in PngFile.Chunks(new MemoryStream(file)))
        {
            foreach (string keyword in keywords)
            {
                if (PngFile.Text(type, file.AsSpan((int)offset, length), keyword) is { } value)
                {
                    found[keyword] = value;
                }
            }
        }

        return found;
    }

    static byte[] RgbaPng(int width, int height, byte[] rgba)
    {
        var raw = new MemoryStream();
        using (var zlib = new System.IO.Compression.ZLibStream(raw, System.IO.Compression.CompressionMode.Compress, leaveOpen: true))
        {
            for (int y = 0; y < height; y++)
            {
                zlib.WriteByte(0);
                zlib.Write(rgba.AsSpan(y * width * 4, width * 4));
            }
        }

        byte[] header = PngFile.Header(width, height, 3);
        header[9] = 6;
        var stream = new MemoryStream();
        stream.Write(PngFile.Signature);
        PngFile.WriteChunk(stream, "IHDR", header);
        PngFile.WriteChunk(stream, "IDAT", raw.ToArray());
        PngFile.WriteChunk(stream, "IEND", []);
        return stream.ToArray();
    }

    // An APP1 segment with one EXIF field, the orientation, right after the start of the picture.
    static byte[] WithOrientation(byte[] jpeg, int orientation)
    {
        byte[] exif =
        [
            (byte)'E', (byte)'x', (byte)'i', (byte)'f', 0, 0, (byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8,
            0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0,
        ];
        return [.. jpeg[..2], 0xFF, 0xE1, 0, (byte)(exif.Length + 2), .. exif, .. jpeg[2..]];
    }
}
