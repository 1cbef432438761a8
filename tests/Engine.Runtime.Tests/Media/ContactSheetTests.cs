using Engine.Runtime.Media;
using Xunit;

namespace Engine.Runtime.Tests.Media;

public sealed class ContactSheetTests
{
    [Theory]
    [InlineData(17, 6, 6, 2)]
    [InlineData(17, 5, 5, 3)]
    [InlineData(3, 8, 3, 1)]
    [InlineData(1, 6, 1, 1)]
    public void Frames_stand_in_rows(int frames, int columns, int wantColumns, int wantRows)
    {
        var image = Sheet(64, 48, frames, columns);
        Assert.Equal(((wantColumns * 68) + 4, (wantRows * 52) + 4), (image.Width, image.Height));

        // The first picture lies at (4, 4), as it was: it is small enough.
        var first = TestPictures.Frame(64, 48, 0);
        for (int y = 0; y < 48; y++)
        {
            Assert.Equal(first.AsSpan(y * 64 * 3, 64 * 3), image.Rgb.AsSpan((((y + 4) * image.Width) + 4) * 3, 64 * 3));
        }
    }

    [Fact]
    public void First_and_last_frame_are_shown()
    {
        var image = Sheet(64, 48, frames: 100, columns: 12);
        var last = TestPictures.Frame(64, 48, 99);
        Assert.Equal(last.AsSpan(0, 64 * 3), image.Rgb.AsSpan(((4 * image.Width) + 4 + (11 * 68)) * 3, 64 * 3));
    }

    [Fact]
    public void Large_frames_are_made_small()
    {
        var image = Sheet(400, 200, frames: 1, columns: 6);
        Assert.Equal((328, 168), (image.Width, image.Height));
    }

    static Image Sheet(int width, int height, int frames, int columns)
    {
        var sheet = new ContactSheet(width, height, frames, columns);
        for (int t = 0; t < frames; t++)
        {
            sheet.Add(t, TestPictures.Frame(width, height, t));
        }

        return sheet.ToImage();
    }
}
