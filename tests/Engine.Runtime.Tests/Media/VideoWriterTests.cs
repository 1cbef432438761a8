using Engine.Kernels;
using Engine.Runtime.Media;
using Xunit;

namespace Engine.Runtime.Tests.Media;

public sealed class VideoWriterTests
{
    [Theory]
    [InlineData("clip.mp4", true)]
    [InlineData("clip.webm", true)]
    [InlineData("clip.gif", true)]
    [InlineData("clip.avi", false)]
    [InlineData("clip.png", false)]
    [InlineData("clip.apng", false)]
    [InlineData("clip.y4m", false)]
    [InlineData("clip_%04d.png", false)]
    [InlineData("clip/", false)]
    public async Task A_clip_is_written_whole(string name, bool needsFfmpeg)
    {
        if (needsFfmpeg)
        {
            TestFfmpeg.Require();
        }

        using var folder = new TestFolder();
        await using var writer = VideoWriter.Create(folder[name], 64, 48, 16, new ClipMetadata { Prompt = "a ball" }, needsFfmpeg ? null : "none");
        for (int t = 0; t < 17; t++)
        {
            await writer.WriteAsync(TestPictures.Frame(64, 48, t), TestContext.Current.CancellationToken);
        }

        await writer.CompleteAsync(TestContext.Current.CancellationToken);
        Assert.Null(writer.Notice);
        Assert.Equal(17, writer.Frames);
        Assert.DoesNotContain(folder.Names, n => n.Contains("partial", StringComparison.Ordinal));
    }
}

static class TestFfmpeg
{
    public static bool IsThere => Ffmpeg.Find(null, out _) is not null;

    public static void Require() => Assert.SkipUnless(IsThere, "ffmpeg is not on this machine");
}
