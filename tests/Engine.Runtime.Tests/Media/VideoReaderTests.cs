using Engine.Kernels;
using Engine.Runtime.Media;
using Xunit;

namespace Engine.Runtime.Tests.Media;

/// <summary>Clips that are damaged, missing, or of other kinds.</summary>
public sealed class VideoReaderTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Trouble_is_one_sentence_that_names_the_clip()
    {
        TestFfmpeg.Require();
        using var folder = new TestFolder();
        await TestClips.Write(folder["good.mp4"], 64, 48, 9, null);
        byte[] good = File.ReadAllBytes(folder["good.mp4"]);
        File.WriteAllBytes(folder["headless.mp4"], good[..200]);
        File.WriteAllBytes(folder["empty.mp4"], []);
        File.WriteAllText(folder["text.mp4"], "this is not a clip at all, whatever its name says");
        byte[] hollow = [.. good];
        int data = hollow.AsSpan().IndexOf("mdat"u8);
        Array.Clear(hollow, data + 4, hollow.Length - data - 4);
        File.WriteAllBytes(folder["hollow.mp4"], hollow);
        Directory.CreateDirectory(folder["nothing"]);
        foreach (string name in new[] { "missing.mp4", "headless.mp4", "empty.mp4", "text.mp4", "hollow.mp4", "nothing", "no_%04d.png", "nowhere/" })
        {
            var error = await Assert.ThrowsAsync<EngineException>(() => ReadAll(folder[name]));
            Assert.Equal(ErrorKind.BadInput, error.Kind);
            Assert.Contains(folder[name].TrimEnd('/'), error.Message);
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    [Fact]
    public async Task Without_ffmpeg_the_need_for_it_is_said()
    {
        TestFfmpeg.Require();
        using var folder = new TestFolder();
        await TestClips.Write(folder["a.mp4"], 64, 48, 3, null);
        var error = Assert.Throws<EngineException>(() => VideoReader.Open(folder["a.mp4"], "none"));
        Assert.Contains("needs ffmpeg", error.Message);
        Assert.Equal(64, ClipInfo.Read(folder["a.mp4"], "none").Width);
    }

    [Theory]
    [InlineData("a.avi")]
    [InlineData("a.png")]
    [InlineData("a.gif")]
    [InlineData("a.y4m")]
    public async Task A_clip_cut_short_gives_our_own_error_or_fewer_frames(string name)
    {
        TestFfmpeg.Require();
        using var folder = new TestFolder();
        await TestClips.Write(folder[name], 64, 48, 9, null);
        byte[] whole = File.ReadAllBytes(folder[name]);
        foreach (double part in new[] { 0.1, 0.5, 0.9, 0.99 })
        {
            File.WriteAllBytes(folder[name], whole[..(int)(whole.Length * part)]);
            int frames = 0;
            try
            {
                frames = await ReadAll(folder[name], "none");
            }
            catch (EngineException e)
            {
                Assert.Equal(ErrorKind.BadInput, e.Kind);
            }

            Assert.InRange(frames, 0, 9);
        }
    }

    [Fact]
    public async Task Other_kinds_of_clips_go_through_ffmpeg()
    {
        TestFfmpeg.Require();
        using var folder = new TestFolder();
        await TestClips.Write(folder["a.mp4"], 64, 48, 9, null);
        string program = Ffmpeg.Find(null, out _)!.Program;
        foreach (string name in new[] { "b.mkv", "b.mov", "it's \"odd\" %d.ts", "b.flv" })
        {
            using var process = System.Diagnostics.Process.Start(program, ["-v", "error", "-i", folder["a.mp4"], "-c", "copy", folder[name]]);
            await process.WaitForExitAsync(Cancel);
            var info = ClipInfo.Read(folder[name]);
            Assert.Equal((64, 48), (info.Width, info.Height));
            Assert.Equal(16, info.Fps!.Value, tolerance: 0.5);
            Assert.Equal(9, await ReadAll(folder[name]));
        }
    }

    [Fact]
    public async Task A_reader_that_is_left_early_stops_ffmpeg()
    {
        TestFfmpeg.Require();
        using var folder = new TestFolder();
        await TestClips.Write(folder["a.mp4"], 640, 480, 60, null);
        await foreach (var _ in VideoReader.Open(folder["a.mp4"]).ReadAsync(cancel: Cancel))
        {
            break;
        }

        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in VideoReader.Open(folder["a.mp4"]).ReadAsync(cancel: stop.Token))
            {
                await stop.CancelAsync();
            }
        });
    }

    [Fact]
    public async Task Pictures_of_a_folder_come_in_the_order_of_their_numbers()
    {
        using var folder = new TestFolder();
        foreach (int i in new[] { 10, 9, 2, 1 })
        {
            new Image(4, 4, [.. Enumerable.Repeat((byte)i, 48)]).Save(folder[$"p{i}.png"]);
        }

        var values = new List<int>();
        await foreach (var image in VideoReader.Open(folder.Path, "none").ReadAsync(cancel: Cancel))
        {
            values.Add(image.Rgb[0]);
        }

        Assert.Equal([1, 2, 9, 10], values);
        new Image(5, 4, new byte[60]).Save(folder["p11.png"]);
        var error = await Assert.ThrowsAsync<EngineException>(() => ReadAll(folder.Path, "none"));
        Assert.Contains("p11.png is 5x4", error.Message);
    }

    [Fact]
    public async Task Damaged_headers_never_crash()
    {
        TestFfmpeg.Require();
        using var folder = new TestFolder();
        var metadata = new ClipMetadata { Prompt = "a ball" };
        var random = new Random(3);
        long most = 0;
        foreach (string name in new[] { "a.mp4", "a.webm", "a.gif", "a.png", "a.avi", "a.y4m" })
        {
            await TestClips.Write(folder[name], 32, 32, 3, metadata);
            byte[] whole = File.ReadAllBytes(folder[name]);
            for (int i = 0; i < 500; i++)
            {
                byte[] mutant = (byte[])whole.Clone();
                for (int n = random.Next(1, 8); n > 0; n--)
                {
                    mutant[random.Next(mutant.Length)] = random.Next(3) == 0 ? (byte)255 : (byte)random.Next(256);
                }

                File.WriteAllBytes(folder[name], random.Next(4) == 0 ? mutant[..random.Next(mutant.Length)] : mutant);
                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    _ = ClipInfo.Read(folder[name], "none");
                    most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
                    if (i % 5 == 0 && name is not ("a.mp4" or "a.webm"))
                    {
                        await ReadAll(folder[name], "none");
                    }
                }
                catch (EngineException e)
                {
                    Assert.Equal(ErrorKind.BadInput, e.Kind);
                }
            }
        }

        Assert.True(most < 256_000_000, $"one mutant allocated {most} bytes");
    }

    static async Task<int> ReadAll(string path, string? ffmpeg = null)
    {
        int frames = 0;
        await foreach (var _ in VideoReader.Open(path, ffmpeg).ReadAsync(cancel: Cancel))
        {
            frames++;
        }

        return frames;
    }
}
