using System.Security.Cryptography;
using Engine.Model.Vision;
using Xunit;

namespace Engine.Model.Tests.Vision;

public sealed class PillowResampleTests
{
    // Hashes of Pillow 9.4.0's Image.resize on the same picture.
    [Theory]
    [InlineData(90, 61, 3, 224, 224, PillowFilter.Bicubic, "3eff0234d55534c0")]
    [InlineData(90, 61, 3, 224, 224, PillowFilter.Lanczos, "d1bb16faf58c8963")]
    [InlineData(64, 48, 3, 17, 5, PillowFilter.Bicubic, "46a72648f02734bc")]
    [InlineData(64, 48, 3, 17, 5, PillowFilter.Lanczos, "465ab0625d838139")]
    [InlineData(31, 7, 3, 31, 20, PillowFilter.Bicubic, "099a58e73e001916")]
    [InlineData(31, 7, 3, 31, 20, PillowFilter.Lanczos, "3124513f68d204f9")]
    [InlineData(31, 7, 3, 64, 7, PillowFilter.Bicubic, "e4f055395ddb2442")]
    [InlineData(31, 7, 3, 64, 7, PillowFilter.Lanczos, "039ba7e0106d6361")]
    [InlineData(200, 150, 3, 48, 32, PillowFilter.Bicubic, "fc5385eb8103498a")]
    [InlineData(200, 150, 3, 48, 32, PillowFilter.Lanczos, "347ece24783d6b45")]
    [InlineData(5, 5, 1, 128, 128, PillowFilter.Bicubic, "154c830dadb788a7")]
    [InlineData(5, 5, 1, 128, 128, PillowFilter.Lanczos, "383f1b8790dc2895")]
    [InlineData(300, 2, 1, 3, 9, PillowFilter.Bicubic, "e1d116edd14e9405")]
    [InlineData(300, 2, 1, 3, 9, PillowFilter.Lanczos, "10a76665258e1dd2")]
    [InlineData(1, 1, 3, 4, 4, PillowFilter.Bicubic, "723b1b64becab4a4")]
    [InlineData(1, 1, 3, 4, 4, PillowFilter.Lanczos, "723b1b64becab4a4")]
    public void Equals_Pillow_byte_for_byte(int width, int height, int channels, int newWidth, int newHeight, PillowFilter filter, string want)
    {
        var got = PillowResample.Resize(Noise(width * height * channels), width, height, channels, newWidth, newHeight, filter);
        Assert.Equal(want, Convert.ToHexStringLower(SHA256.HashData(got))[..16]);
    }

    [Theory]
    [InlineData(PillowFilter.Bicubic)]
    [InlineData(PillowFilter.Lanczos)]
    public void A_window_equals_resizing_all_and_cropping(PillowFilter filter)
    {
        const int Width = 61, Height = 40, NewWidth = 33, NewHeight = 70;
        var pixels = Noise(Width * Height * 3);
        var whole = PillowResample.Resize(pixels, Width, Height, 3, NewWidth, NewHeight, filter);
        var window = PillowResample.ResizeWindow(pixels, Width, Height, 3, NewWidth, NewHeight, 5, 11, 20, 31, filter);
        for (int y = 0; y < 31; y++)
        {
            Assert.Equal(whole.AsSpan((((y + 11) * NewWidth) + 5) * 3, 20 * 3), window.AsSpan(y * 20 * 3, 20 * 3));
        }
    }

    [Fact]
    public void A_window_of_the_same_size_only_crops()
    {
        var pixels = Noise(9 * 8);
        var window = PillowResample.ResizeWindow(pixels, 9, 8, 1, 9, 8, 2, 3, 4, 5, PillowFilter.Lanczos);
        Assert.Equal(pixels[(3 * 9) + 2], window[0]);
        Assert.Equal(pixels[(7 * 9) + 5], window[^1]);
    }

    static byte[] Noise(int count)
    {
        uint state = 12345;
        var bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            state = (state * 1664525) + 1013904223;
            bytes[i] = (byte)(state >> 24);
        }

        return bytes;
    }
}
