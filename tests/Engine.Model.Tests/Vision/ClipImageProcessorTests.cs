using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Vision;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Vision;

public sealed class ClipImageProcessorTests
{
    [Fact]
    public void Golden_pixel_values_come_out()
    {
        var golden = Golden.Load("module-clip-preprocess");
        var config = Checkpoint.Open(golden.Model!).ImageEncoder!;
        using var device = new CpuDevice(threads: 1);
        var (rgb, width, height) = PlainPng.Read(Path.Combine(golden.Folder, "image.png"));
        using var pixels = device.NewTensor([3, config.ImageSize, config.ImageSize]);
        ClipImageProcessor.Process(rgb, width, height, config, pixels);
        Assert.InRange(golden.Error("pixel_values", pixels.Span), 0, 1e-6);
    }

    // Left third red, middle green, right blue: only the middle survives the crop of a 3:1 picture.
    [Theory]
    [InlineData(84, 28)]
    [InlineData(28, 84)]
    [InlineData(168, 56)]
    public void The_centre_is_kept(int width, int height)
    {
        var config = KnownModels.ClipVitH14 with { ImageSize = 28, PatchSize = 7, ImageMean = [0, 0, 0], ImageStd = [1, 1, 1] };
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++)
        {
            int third = width > height ? i % width * 3 / width : i / width * 3 / height;
            rgb[(i * 3) + third] = 255;
        }

        using var device = new CpuDevice(threads: 1);
        using var pixels = device.NewTensor([3, 28, 28]);
        ClipImageProcessor.Process(rgb, width, height, config, pixels);
        Assert.Equal(1, pixels[1].Span[(14 * 28) + 14]);
        Assert.Equal(0, pixels[0].Span[(14 * 28) + 14]);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3000)]
    [InlineData(5000, 2)]
    [InlineData(27, 29)]
    public void Any_size_will_do(int width, int height)
    {
        using var device = new CpuDevice(threads: 1);
        using var pixels = device.NewTensor([3, 224, 224]);
        pixels.Fill(float.NaN);
        ClipImageProcessor.Process(new byte[width * height * 3], width, height, KnownModels.ClipVitH14, pixels);
        Assert.All(pixels[2].ToArray(), v => Assert.Equal(-0.40821073f / 0.27577711f, v, 5));
    }
}
