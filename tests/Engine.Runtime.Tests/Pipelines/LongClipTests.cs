using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Runtime.Pipelines;
using Engine.Runtime.Planning;
using Engine.Runtime.Tests.Jobs;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>Clips beyond the model's length: which way is chosen, that the same request makes the same clip, and what plans count.</summary>
public sealed class LongClipTests
{
    static readonly VideoRequest s_text = new("a red ball") { Width = 64, Height = 32, Frames = 25, WindowFrames = 9, Steps = 3, Seed = 1, MaxSequenceLength = 40 };

    [Theory]
    [InlineData("wan21-t2v", null, LongClip.Windows)]
    [InlineData("wan21-vace", null, LongClip.Rounds)]
    [InlineData("wan21-vace", LongClip.Windows, LongClip.Windows)]
    [InlineData("wan21-vace", LongClip.Whole, LongClip.Whole)]
    [InlineData("wan22-ti2v-5b", null, LongClip.Windows)]
    public void Models_that_go_on_from_a_clip_make_rounds_and_others_windows(string model, LongClip? asked, LongClip got)
    {
        var resolved = RequestResolver.Resolve(s_text with { LongClip = asked }, Open(model));
        Assert.Equal((got == LongClip.Rounds, got == LongClip.Windows), (resolved.Windows is not null, resolved.Blend is not null));
        Assert.Equal(got, resolved.Request.LongClip);
        Assert.Equal(got != LongClip.Whole, resolved.Notes.Any(n => n.StartsWith("25 frames are made in", StringComparison.Ordinal)));
        Assert.Equal(resolved.Blend, RequestResolver.Resolve(resolved.Request, Open(model)).Blend);
    }

    [Fact]
    public void Ways_that_a_model_does_not_know_are_refused()
    {
        var error = Assert.Throws<RequestException>(() => RequestResolver.Resolve(s_text with { LongClip = LongClip.Rounds }, Open("wan21-t2v")));
        Assert.Contains("cannot go on from the end of a round", error.Message, StringComparison.Ordinal);
        var picture = s_text with { FirstFrame = PictureInput.FromRgb24(new byte[48 * 32 * 3], 48, 32), LongClip = LongClip.Windows };
        error = Assert.Throws<RequestException>(() => RequestResolver.Resolve(picture, Open("wan22-i2v-a14b")));
        Assert.Contains("channels of their own", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_length_is_taken_where_a_model_has_windows()
    {
        Assert.Equal(8001, RequestResolver.Resolve(s_text with { Frames = 8001 }, Open("wan21-t2v")).Frames);
        Assert.Throws<RequestException>(() => RequestResolver.Resolve(s_text with { Frames = 8001, LongClip = LongClip.Whole }, Open("wan21-t2v")));
    }

    [Fact]
    public async Task Windows_make_the_same_clip_for_any_number_of_threads_and_after_a_stop()
    {
        byte[] whole = await JobStateTests.FramesOfAsync(Folder("wan21-t2v"), s_text with { Threads = 1 }, new GenerationOptions());
        string state = Path.Combine(Directory.CreateTempSubdirectory().FullName, "job.state");
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => JobStateTests.FramesOfAsync(
            Folder("wan21-t2v"), s_text, new GenerationOptions { StatePath = state }, p => { if (p.Step == 2) { stop.Cancel(); } }, stop.Token));
        Assert.Equal(whole, await JobStateTests.FramesOfAsync(Folder("wan21-t2v"), s_text, new GenerationOptions { StatePath = state, Resume = true }));
        Directory.Delete(Path.GetDirectoryName(state)!, true);
    }

    [Fact]
    public void Plans_count_the_work_of_every_window_and_the_memory_of_one()
    {
        using var device = new CpuDevice(threads: 1);
        using var parts = new ModelParts(Open("wan21-t2v"), device);
        var residency = new Residency(false, ReleaseParts: true, new SamplerOptions(Pair: true, KeepKeyValues: true));
        DryStage Denoising(int frames, LongClip? how) => DryJob.Run(
            parts, RequestResolver.Resolve(s_text with { Width = 96, Height = 96, Frames = frames, WindowFrames = 17, LongClip = how }, parts.Checkpoint), residency)
            .Single(stage => stage.Stage == GenerationStage.Denoising);
        var one = Denoising(17, null);
        var windows = Denoising(17 + (4 * 3 * 6), null);
        var whole = Denoising(17 + (4 * 3 * 6), LongClip.Whole);
        double Attention(DryStage stage) => stage.Work.Where(work => work.Key.StartsWith("Attention", StringComparison.Ordinal)).Sum(work => work.Value.Flops);

        // Five latent frames a window, two of them shared: 23 frames are seven windows.
        Assert.Equal(7, Attention(windows) / Attention(one), 0.01);
        Assert.True(windows.Peak - one.Peak < (whole.Peak - one.Peak) / 2, $"{one.Peak}, {windows.Peak}, {whole.Peak}");
    }

    static string Folder(string model) => Path.Combine(Repository.Goldens, "models", model);

    static Checkpoint Open(string model) => Checkpoint.Open(Folder(model));
}
