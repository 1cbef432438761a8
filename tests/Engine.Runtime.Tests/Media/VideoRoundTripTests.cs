using System.Text.Json.Nodes;
using Engine.Kernels;
using Engine.Runtime.Media;
using Xunit;

namespace Engine.Runtime.Tests.Media;

/// <summary>Clips written and read back: frames, headers and metadata.</summary>
public sealed class VideoRoundTripTests
{
    const int Width = 64, Height = 48, Frames = 17;

    static readonly ClipMetadata s_metadata = new()
    {
        Prompt = "a \"red\" ball; x=#1 \\ 世界\nsecond line",
        NegativePrompt = "",
        Seed = 42,
        Model = "builtin",
        Settings = new JsonObject { ["steps"] = 20, ["guidance"] = 4.5 },
    };

    // Format, whether ffmpeg writes it, container said, least PSNR (dB; infinity where nothing may be lost).
    public static TheoryData<string, bool, string, double> Formats => new()
    {
        { "clip.mp4", true, "MP4", 30 },
        { "clip.webm", true, "WebM", 28 },
        { "clip.gif", true, "GIF", 24 },
        { "clip.avi", false, "AVI", 28 },
        { "clip.png", false, "PNG", double.PositiveInfinity },
        { "clip.apng", false, "PNG", double.PositiveInfinity },
        { "clip.y4m", false, "Y4M", 45 },
        { "clip_%04d.png", false, "pictures", double.PositiveInfinity },
        { "clip/", false, "pictures", double.PositiveInfinity },
        { "it's \"odd\" %20 & 世界 -x.mp4", true, "MP4", 30 },
    };

    [Theory, MemberData(nameof(Formats))]
    public async Task What_is_written_is_read_back(string name, bool needsFfmpeg, string container, double leastPsnr)
    {
        if (needsFfmpeg)
        {
            TestFfmpeg.Require();
        }

        using var folder = new TestFolder();
        await TestClips.Write(folder[name], Width, Height, Frames, s_metadata, needsFfmpeg ? null : "none");
        Assert.DoesNotContain(folder.Names, n => n.Contains("partial", StringComparison.Ordinal));

        // Headers and metadata need no ffmpeg, whatever the format.
        var info = ClipInfo.Read(folder[name], ffmpeg: "none");
        Assert.Equal(container, info.Container);
        Assert.Equal((Width, Height, (int?)Frames), (info.Width, info.Height, info.Frames));
        if (container != "pictures")
        {
            Assert.Equal(16, info.Fps!.Value, tolerance: 0.1);
            Assert.Equal(Frames / 16.0, info.Duration!.Value.TotalSeconds, tolerance: 0.03);
        }

        Assert.NotNull(info.Metadata);
        Assert.Equal((s_metadata.Prompt, s_metadata.NegativePrompt, s_metadata.Seed, s_metadata.Model), (info.Metadata.Prompt, info.Metadata.NegativePrompt, info.Metadata.Seed, info.Metadata.Model));
        Assert.Equal(s_metadata.Settings!.ToJsonString(), info.Metadata.Settings!.ToJsonString());

        // Frames.
        var reader = VideoReader.Open(folder[name], container is "MP4" or "WebM" ? null : "none");
        int number = 0;
        await foreach (var frame in reader.ReadAsync(cancel: TestContext.Current.CancellationToken))
        {
            Assert.Equal((Width, Height), (frame.Width, frame.Height));
            double psnr = TestPictures.Psnr(TestPictures.Frame(Width, Height, number), frame.Rgb);
            Assert.True(psnr >= leastPsnr, $"frame {number}: {psnr:F1} dB");
            number++;
        }

        Assert.Equal(Frames, number);
    }

    [Theory]
    [InlineData("clip.avi")]
    [InlineData("clip.png")]
    [InlineData("clip.y4m")]
    [InlineData("clip.gif")]
    public async Task Ffmpeg_reads_our_own_files_alike(string name)
    {
        TestFfmpeg.Require();
        using var folder = new TestFolder();
        await TestClips.Write(folder[name], Width, Height, 5, s_metadata);
        var ffmpeg = Ffmpeg.Find(null, out _)!;
        int number = 0;
        await foreach (var frame in FfmpegReader.Frames(ffmpeg, folder[name], new FrameRate(16, 1), TestContext.Current.CancellationToken))
        {
            double psnr = TestPictures.Psnr(TestPictures.Frame(Width, Height, number++), frame.Rgb);
            Assert.True(psnr > 24, $"frame {number}: {psnr:F1} dB");
        }

        Assert.Equal(5, number);
    }

    [Fact]
    public async Task Odd_sizes_gain_a_repeated_row_and_column_in_mp4()
    {
        TestFfmpeg.Require();
        using var folder = new TestFolder();
        string? notice = await TestClips.Write(folder["odd.mp4"], 61, 47, 5, null);
        Assert.Contains("62x48", notice);
        var frame = (await VideoReader.Open(folder["odd.mp4"]).ReadLastAsync(1, cancel: TestContext.Current.CancellationToken))[0];
        Assert.Equal((62, 48), (frame.Width, frame.Height));
        var last = frame.Rgb.AsSpan(frame.Rgb.Length - 6);
        Assert.True(Math.Abs(last[0] - last[3]) < 12 && Math.Abs(last[1] - last[4]) < 12, "the last column is not the one before it");
    }

    [Fact]
    public async Task Odd_sizes_stay_in_the_other_formats()
    {
        using var folder = new TestFolder();
        foreach (string name in new[] { "odd.avi", "odd.y4m", "odd.png" })
        {
            await TestClips.Write(folder[name], 61, 47, 3, null, "none");
            var frames = await VideoReader.Open(folder[name], "none").ReadLastAsync(9, cancel: TestContext.Current.CancellationToken);
            Assert.Equal(3, frames.Count);
            Assert.All(frames, f => Assert.Equal((61, 47), (f.Width, f.Height)));
        }
    }

    [Fact]
    public async Task A_long_prompt_survives()
    {
        TestFfmpeg.Require();
        using var folder = new TestFolder();
        var metadata = new ClipMetadata { Prompt = string.Concat(Enumerable.Repeat("a ball, ", 5000)) };
        foreach (string name in new[] { "a.mp4", "a.webm", "a.gif", "a.png", "a.avi", "a.y4m" })
        {
            await TestClips.Write(folder[name], Width, Height, 2, metadata);
            Assert.Equal(metadata.Prompt, ClipInfo.Read(folder[name], "none").Metadata?.Prompt);
        }
    }

    [Theory]
    [InlineData(8.0, new[] { 0, 2, 4, 6, 8, 10, 12, 14, 16 })]
    [InlineData(32.0, new[] { 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15, 16, 16 })]
    [InlineData(12.0, new[] { 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16 })]
    public async Task Another_frame_rate_shows_the_frame_of_that_time(double fps, int[] want)
    {
        using var folder = new TestFolder();
        await TestClips.Write(folder["a.png"], Width, Height, Frames, null, "none");
        var got = new List<int>();
        await foreach (var frame in VideoReader.Open(folder["a.png"], "none").ReadAsync(fps, cancel: TestContext.Current.CancellationToken))
        {
            got.Add(Enumerable.Range(0, Frames).Single(t => TestPictures.Frame(Width, Height, t).AsSpan().SequenceEqual(frame.Rgb)));
        }

        Assert.Equal(want, got);
    }

    [Theory]
    [InlineData("a.mp4")]
    [InlineData("a.y4m")]
    public async Task Parts_of_a_clip_are_read(string name)
    {
        if (name == "a.mp4")
        {
            TestFfmpeg.Require();
        }

        using var folder = new TestFolder();
        await TestClips.Write(folder[name], Width, Height, Frames, null);
        var reader = VideoReader.Open(folder[name]);
        var some = new List<Image>();
        await foreach (var frame in reader.ReadAsync(start: 4, count: 3, cancel: TestContext.Current.CancellationToken))
        {
            some.Add(frame);
        }

        var last = await reader.ReadLastAsync(5, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(3, some.Count);
        Assert.Equal(5, last.Count);
        Assert.True(TestPictures.Psnr(TestPictures.Frame(Width, Height, 4), some[0].Rgb) > 28);
        Assert.True(TestPictures.Psnr(TestPictures.Frame(Width, Height, 12), last[0].Rgb) > 28);
        Assert.True(TestPictures.Psnr(TestPictures.Frame(Width, Height, 16), last[4].Rgb) > 28);
    }

    [Fact]
    public async Task An_avi_of_several_segments_is_whole()
    {
        using var folder = new TestFolder();
        await using (var encoder = new AviEncoder(folder["a.avi"], Width, Height, new FrameRate(16, 1), null, segmentBytes: 8_000))
        {
            for (int t = 0; t < Frames; t++)
            {
                await encoder.WriteAsync(TestPictures.Frame(Width, Height, t), TestContext.Current.CancellationToken);
            }

            await encoder.FinishAsync(TestContext.Current.CancellationToken);
        }

        Assert.True(File.ReadAllBytes(folder["a.avi"]).AsSpan().Count("RIFF"u8) > 2, "the test wants several segments");
        Assert.Equal(Frames, ClipInfo.Read(folder["a.avi"], "none").Frames);
        Assert.Equal(Frames, (await VideoReader.Open(folder["a.avi"], "none").ReadLastAsync(99, cancel: TestContext.Current.CancellationToken)).Count);
        if (TestFfmpeg.IsThere)
        {
            Assert.Equal(Frames, (await VideoReader.Open(folder["a.avi"]).ReadLastAsync(99, cancel: TestContext.Current.CancellationToken)).Count);
        }
    }

    [Fact]
    public async Task A_longer_sequence_of_the_same_name_is_replaced_whole()
    {
        using var folder = new TestFolder();
        string name = folder["ball_%03d.png"];
        File.WriteAllText(folder["other.txt"], "stays");
        await TestClips.Write(name, Width, Height, 7, null, "none");
        await TestClips.Write(name, Width, Height, 3, null, "none");
        Assert.Equal(["ball_000.png", "ball_001.png", "ball_002.png", "other.txt"], folder.Names);
    }

    [Fact]
    public void A_foreign_comment_is_shown_but_is_no_metadata()
    {
        using var folder = new TestFolder();
        new Image(4, 4, new byte[48]).Save(folder["a.png"], new Dictionary<string, string> { ["Comment"] = "{\"made\":\"elsewhere\"}" });
        var info = ClipInfo.Read(folder["a.png"], "none");
        Assert.Null(info.Metadata);
        Assert.Equal("{\"made\":\"elsewhere\"}", info.Comment);
        Assert.Equal((1, (double?)null), (info.Frames!.Value, info.Fps));
    }
}

static class TestClips
{
    /// <summary>Writes a clip of the moving square; gives the writer's notice.</summary>
    public static async Task<string?> Write(string path, int width, int height, int frames, ClipMetadata? metadata, string? ffmpeg = null)
    {
        await using var writer = VideoWriter.Create(path, width, height, 16, metadata, ffmpeg);
        for (int t = 0; t < frames; t++)
        {
            await writer.WriteAsync(TestPictures.Frame(width, height, t), TestContext.Current.CancellationToken);
        }

        await writer.CompleteAsync(TestContext.Current.CancellationToken);
        return writer.Notice;
    }
}
