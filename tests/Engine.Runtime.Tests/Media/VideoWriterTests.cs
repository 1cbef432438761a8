using Engine.Kernels;
using Engine.Runtime.Media;
using Xunit;

namespace Engine.Runtime.Tests.Media;

/// <summary>What happens when a clip cannot be written as asked.</summary>
public sealed class VideoWriterTests
{
    const int Width = 64, Height = 48;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ball.mp4")]
    [InlineData("ball.webm")]
    [InlineData("ball.gif")]
    public async Task Without_ffmpeg_another_format_is_written_and_said(string name)
    {
        using var folder = new TestFolder();
        var target = VideoWriter.CheckWritable(folder[name], "none");
        string? notice = await TestClips.Write(folder[name], Width, Height, 3, new ClipMetadata { Prompt = "a ball" }, "none");
        Assert.Equal(["ball.avi"], folder.Names);
        Assert.Equal((folder["ball.avi"], VideoFormat.Avi, notice), (target.Path, target.Format, target.Notice));
        Assert.Contains("ENGINE_FFMPEG=none", notice);
        Assert.Contains("ball.avi", notice);
        Assert.Equal("a ball", ClipInfo.Read(folder["ball.avi"], "none").Metadata?.Prompt);
    }

    [Fact]
    public void A_folder_without_ffmpeg_is_said()
    {
        using var folder = new TestFolder();
        Assert.Contains(folder.Path, VideoWriter.CheckWritable(folder["a.mp4"], folder.Path).Notice);
    }

    [Theory]
    [InlineData("libopenh264 mpeg4", "libopenh264")]
    [InlineData("mpeg4", "MPEG-4 Part 2")]
    [InlineData("gif", "no encoder for .mp4")]
    public async Task Another_encoder_is_used_and_said(string encoders, string said)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in for ffmpeg is a shell script");
        TestFfmpeg.Require();
        using var folder = new TestFolder();
        string real = Ffmpeg.Find(null, out _)!.Program;
        string list = string.Join("\\n", encoders.Split(' ').Select(e => $" V....D {e} an encoder"));

        // What this machine's own ffmpeg lacks is replaced by what it has: the choice is under test, not the codec.
        string fake = TestFfmpeg.Script(folder, $$"""
            for a in "$@"; do [ "$a" = -encoders ] && { printf '{{list}}\n'; exit 0; }; done
            args=(); for a in "$@"; do [ "$a" = libopenh264 ] && a=mpeg4; args+=("$a"); done
            exec "{{real}}" "${args[@]}"
            """);
        string? notice = await TestClips.Write(folder["a.mp4"], Width, Height, 3, null, fake);
        Assert.Contains(said, notice);
        Assert.Contains(encoders == "gif" ? "a.avi" : "a.mp4", folder.Names);
    }

    [Theory]
    [InlineData("a.mp4")]
    [InlineData("a.gif")]
    [InlineData("a.avi")]
    [InlineData("a.png")]
    [InlineData("a.y4m")]
    [InlineData("a/")]
    public async Task A_clip_that_is_given_up_leaves_nothing_behind(string name)
    {
        using var folder = new TestFolder();
        await using (var writer = VideoWriter.Create(folder[name], Width, Height, 16, new ClipMetadata { Prompt = "x" }))
        {
            await writer.WriteAsync(TestPictures.Frame(Width, Height, 0), Cancel);
            await writer.WriteAsync(TestPictures.Frame(Width, Height, 1), Cancel);
            Assert.NotEmpty(folder.Names);
        }

        Assert.Empty(folder.Names);
    }

    [Fact]
    public async Task A_clip_given_up_at_once_leaves_nothing_behind()
    {
        using var folder = new TestFolder();
        await (VideoWriter.Create(folder["a.mp4"], Width, Height, 16)).DisposeAsync();
        Assert.Empty(folder.Names);
    }

    [Theory]
    [InlineData("a.mp4")]
    [InlineData("a.avi")]
    public async Task Cancelling_keeps_what_was_there_before(string name)
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder[name], "before");
        using var stop = new CancellationTokenSource();
        await using (var writer = VideoWriter.Create(folder[name], Width, Height, 16))
        {
            await writer.WriteAsync(TestPictures.Frame(Width, Height, 0), stop.Token);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await writer.WriteAsync(TestPictures.Frame(Width, Height, 1), stop.Token));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await writer.CompleteAsync(stop.Token));
        }

        Assert.Equal([name], folder.Names);
        Assert.Equal("before", File.ReadAllText(folder[name]));
    }

    [Theory]
    [InlineData("echo 'Error writing trailer: No space left on device' >&2; exit 1", "no space left")]
    [InlineData("echo 'Error: it is Monday' >&2; exit 1", "it is Monday")]
    [InlineData("kill -9 $$", "ended early")]
    public async Task An_ffmpeg_that_fails_is_one_sentence(string then, string said)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in for ffmpeg is a shell script");
        using var folder = new TestFolder();
        string fake = TestFfmpeg.Script(folder, $$"""
            for a in "$@"; do
              [ "$a" = -encoders ] && { printf ' V....D libx264 an encoder\n'; exit 0; }
              [ "$a" = -version ] && exit 0
            done
            {{then}}
            """);
        await using (var writer = VideoWriter.Create(folder["a.mp4"], Width, Height, 16, new ClipMetadata { Prompt = "x" }, fake))
        {
            var error = await Assert.ThrowsAsync<EngineException>(async () =>
            {
                for (int t = 0; t < 100; t++)
                {
                    await writer.WriteAsync(TestPictures.Frame(Width, Height, t % 20), Cancel);
                }

                await writer.CompleteAsync(Cancel);
            });
            Assert.Equal(ErrorKind.BadOutput, error.Kind);
            Assert.Contains("a.mp4", error.Message);
            Assert.Contains(said, error.Message);
        }

        Assert.Equal(["ffmpeg"], folder.Names);
    }

    [Theory]
    [InlineData("echo 'Error closing file: No space left on device' >&2", "no space left")]
    [InlineData("for a in \"$@\"; do case \"$a\" in *.partial.mp4) truncate -s 300 \"$a\";; esac; done", "damaged file")]
    public async Task An_ffmpeg_that_fails_but_says_it_did_not_is_found_out(string then, string said)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in for ffmpeg is a shell script");
        TestFfmpeg.Require();
        using var folder = new TestFolder();
        string fake = TestFfmpeg.Script(folder, $"""
            "{Ffmpeg.Find(null, out _)!.Program}" "$@"
            {then}
            exit 0
            """);
        var error = await Assert.ThrowsAsync<EngineException>(() => TestClips.Write(folder["a.mp4"], Width, Height, 5, null, fake));
        Assert.Equal(ErrorKind.BadOutput, error.Kind);
        Assert.Contains(said, error.Message);
        Assert.Equal(["ffmpeg"], folder.Names);
    }

    [Fact]
    public async Task An_ffmpeg_that_reads_nothing_holds_the_writer_back()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in for ffmpeg is a shell script");
        using var folder = new TestFolder();
        string fake = TestFfmpeg.Script(folder, """
            for a in "$@"; do
              [ "$a" = -encoders ] && { printf ' V....D libx264 an encoder\n'; exit 0; }
              [ "$a" = -version ] && exit 0
            done
            exec sleep 60
            """);
        int written = 0;
        await using (var writer = VideoWriter.Create(folder["a.mp4"], Width, Height, 16, null, fake))
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                for (; written < 100; written++)
                {
                    await writer.WriteAsync(TestPictures.Frame(Width, Height, 0), stop.Token);
                }
            });
        }

        // Giving up does not wait for it either: the test would run for a minute.
        Assert.InRange(written, 1, 5);
        Assert.Equal(["ffmpeg"], folder.Names);
    }

    [Theory]
    [InlineData("a.xyz", ErrorKind.BadRequest, ".xyz")]
    [InlineData("a", ErrorKind.BadRequest, "extension")]
    [InlineData("", ErrorKind.BadRequest, "no name")]
    [InlineData("no/such/a.mp4", ErrorKind.BadOutput, "does not exist")]
    [InlineData("no/such/frames/", ErrorKind.BadOutput, "does not exist")]
    [InlineData("file.txt/a.mp4", ErrorKind.BadOutput, "does not exist")]
    public void A_name_that_cannot_be_written_is_refused_before_the_work(string name, ErrorKind kind, string said)
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["file.txt"], "x");
        string path = name.Length == 0 ? "" : folder[name];
        var error = Assert.Throws<EngineException>(() => VideoWriter.CheckWritable(path));
        Assert.Equal(kind, error.Kind);
        Assert.Contains(said, error.Message);
        Assert.Equal(["file.txt"], folder.Names);
    }

    [Fact]
    public void Checking_leaves_no_trace()
    {
        using var folder = new TestFolder();
        foreach (string name in new[] { "a.mp4", "a.avi", "a_%d.png", "frames/" })
        {
            VideoWriter.CheckWritable(folder[name]);
        }

        Assert.Empty(folder.Names);
    }

    [Fact]
    public async Task Places_that_cannot_be_written_are_said()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc and /dev/full are Linux's");
        foreach (string name in new[] { "/proc/a.avi", "/proc/a.mp4", "/proc/frames/" })
        {
            Assert.Equal(ErrorKind.BadOutput, Assert.Throws<EngineException>(() => VideoWriter.CheckWritable(name)).Kind);
            var error = await Assert.ThrowsAsync<EngineException>(() => TestClips.Write(name, Width, Height, 2, null));
            Assert.Equal(ErrorKind.BadOutput, error.Kind);
            Assert.Contains(Path.ChangeExtension(name.TrimEnd('/'), null), error.Message);
        }

        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
        var trouble = Assert.ThrowsAny<IOException>(() => full.Write(new byte[10]));
        Assert.Contains("no space left", OutputFile.Failed("a.avi", trouble).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(5000)]
    public void A_frame_rate_out_of_range_is_refused(double fps)
    {
        using var folder = new TestFolder();
        Assert.Equal(ErrorKind.BadRequest, Assert.Throws<EngineException>(() => VideoWriter.Create(folder["a.avi"], 8, 8, fps)).Kind);
        Assert.Empty(folder.Names);
    }

    [Fact]
    public async Task An_empty_clip_is_refused()
    {
        using var folder = new TestFolder();
        await using (var writer = VideoWriter.Create(folder["a.png"], 8, 8, 16))
        {
            await Assert.ThrowsAsync<EngineException>(async () => await writer.CompleteAsync(Cancel));
        }

        Assert.Empty(folder.Names);
    }

    [Theory]
    [InlineData(16, 16, 1)]
    [InlineData(23.976, 24000, 1001)]
    [InlineData(29.97, 30000, 1001)]
    [InlineData(12.5, 25, 2)]
    [InlineData(7.123, 7123, 1000)]
    public void Frame_rates_become_fractions(double fps, int numerator, int denominator) =>
        Assert.Equal(new FrameRate(numerator, denominator), FrameRate.From(fps));

    [Theory]
    [InlineData("plain", "\"plain\"")]
    [InlineData("a \"b\"", "\"a \\\"b\\\"\"")]
    [InlineData("c:\\d\\", "\"c:\\d\\\\\"")]
    public void Arguments_are_quoted(string argument, string want) => Assert.Equal(want, Ffmpeg.Quote(argument));
}

static class TestFfmpeg
{
    public static bool IsThere => Ffmpeg.Find(null, out _) is not null;

    public static void Require() => Assert.SkipUnless(IsThere, "ffmpeg is not on this machine");

    /// <summary>Puts a shell script in ffmpeg's place; gives its path.</summary>
    public static string Script(TestFolder folder, string body)
    {
        string path = folder["ffmpeg"];
        File.WriteAllText(path, $"#!/bin/bash\n{body}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
