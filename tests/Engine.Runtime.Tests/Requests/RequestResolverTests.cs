using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Schedulers;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Requests;

public sealed class RequestResolverTests
{
    static readonly Checkpoint s_builtin = Checkpoint.Open(Repository.BuiltinModel);
    static readonly Checkpoint s_wan = Checkpoint.Open(Path.Combine(Repository.Goldens, "models", "wan21-t2v"));

    static readonly PictureInput s_picture = PictureInput.FromRgb24(new byte[32 * 32 * 3], 32, 32);
    static readonly ClipInput s_clip = ClipInput.FromFrames([.. Enumerable.Repeat(s_picture, 20)]);

    [Fact]
    public void What_is_left_open_comes_from_the_model()
    {
        var got = RequestResolver.Resolve(new VideoRequest("a red ball"), s_builtin);
        Assert.Equal((128, 128, 17, 12.0, 20, 4.0, 2.0, 64), (got.Width, got.Height, got.Frames, got.Fps, got.Steps, got.Guidance, got.Shift, got.MaxSequenceLength));
        Assert.Equal(VideoTask.TextToVideo, got.Task);
        Assert.Equal(SchedulerKind.UniPc, got.Scheduler);
        Assert.Equal("", got.NegativePrompt);
        Assert.Equal(got.Seed, got.Request.Seed);
        Assert.Contains(got.Notes, n => n.Contains($"seed {got.Seed}", StringComparison.Ordinal));
    }

    [Fact]
    public void Wan_models_have_a_negative_prompt_which_an_empty_text_is_not()
    {
        Assert.Equal(ModelInfo.WanNegativePrompt, RequestResolver.Resolve(new VideoRequest("x"), s_wan).NegativePrompt);
        Assert.Equal("", RequestResolver.Resolve(new VideoRequest("x") { NegativePrompt = "" }, s_wan).NegativePrompt);
    }

    [Fact]
    public void A_resolved_request_resolves_to_itself()
    {
        var once = RequestResolver.Resolve(new VideoRequest("x") { Seconds = 1.5, Video = s_clip, Strength = 0.5 }, s_builtin);
        var twice = RequestResolver.Resolve(once.Request, s_builtin);
        Assert.Equal(once.Request, twice.Request);
        Assert.Equal(once with { Notes = [], Request = twice.Request }, twice with { Notes = [] });
    }

    public static TheoryData<string, VideoRequest, string> Wrong => new()
    {
        { "width", new("x") { Width = 100 }, "96 or 128" },
        { "width", new("x") { Width = 0 }, "1 to" },
        { "height", new("x") { Height = -32 }, "1 to" },
        { "height", new("x") { Height = 31 }, "nearest are 32" },
        { "width", new("x") { Width = 16384 - 32 }, "at most|more than" },
        { "frames", new("x") { Frames = 0 }, "1 to" },
        { "frames", new("x") { Frames = 16 }, "13 or 17|13 and 17|nearest are 13" },
        { "frames", new("x") { Frames = 16389 }, "more than" },
        { "seconds", new("x") { Seconds = double.NaN }, "above 0" },
        { "seconds", new("x") { Seconds = 1, Frames = 17 }, "not both" },
        { "fps", new("x") { Fps = 0 }, "from 1 to 240" },
        { "steps", new("x") { Steps = -3 }, "1 to 1000" },
        { "guidance", new("x") { Guidance = double.NaN }, "from 0 to 100" },
        { "guidance", new("x") { Guidance = double.PositiveInfinity }, "from 0 to 100" },
        { "guidance2", new("x") { Guidance2 = 3 }, "two experts" },
        { "shift", new("x") { Shift = 0 }, "above 0" },
        { "prompt", new("x") { Prompt = new string('a', 100_000) }, "at most 20000" },
        { "negative_prompt", new("x") { NegativePrompt = new string('a', 100_000) }, "at most 20000" },
        { "max_sequence_length", new("x") { MaxSequenceLength = 1 }, "2 to" },
        { "threads", new("x") { Threads = -1 }, "0 to" },
        { "memory_limit", new("x") { MemoryLimit = 5 }, "64 MiB" },
        { "scheduler", new("x") { Scheduler = (SchedulerKind)9 }, "not one of" },
        { "last_frame", new("x") { LastFrame = s_picture }, "first_frame" },
        { "first_frame", new("x") { FirstFrame = s_picture, Video = s_clip }, "one of the two" },
        { "first_frame", new("x") { FirstFrame = PictureInput.FromFile("/no/such.png") }, "no file '/no/such.png'" },
        { "video", new("x") { Video = ClipInput.FromFile("/no/such.mp4") }, "no file" },
        { "mask", new("x") { Mask = s_picture }, "source video" },
        { "mode", new("x") { Video = s_clip, Mode = VideoMode.Edit }, "needs a mask" },
        { "strength", new("x") { Strength = 0.5 }, "restyling" },
        { "strength", new("x") { Video = s_clip, Strength = 1.5 }, "above 0 to 1" },
        { "strength", new("x") { Video = s_clip, Strength = 0.01, Steps = 10 }, "less than one step" },
        { "overlap", new("x") { Video = s_clip, Mode = VideoMode.Extend, Overlap = 4 }, "1, 5, 9" },
        { "overlap", new("x") { Video = s_clip, Mode = VideoMode.Extend, Overlap = 5, Frames = 5 }, "nothing new" },
        { "frames", new("x") { Video = s_clip, Frames = 33 }, "20 frames" },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void A_wrong_field_is_named_with_what_is_allowed(string field, VideoRequest request, string allowed)
    {
        var error = Assert.Throws<RequestException>(() => RequestResolver.Resolve(request, s_builtin));
        var problem = Assert.Single(error.Problems);
        Assert.Equal(field, problem.Field);
        Assert.Contains(allowed.Split('|'), a => problem.Message.Contains(a, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', problem.Message);
    }

    [Fact]
    public void Every_wrong_field_is_reported_at_once()
    {
        var error = Assert.Throws<RequestException>(() => RequestResolver.Resolve(new VideoRequest("x") { Steps = 0, Guidance = -1, Width = -5 }, s_builtin));
        Assert.Equal(["guidance", "steps", "width"], error.Problems.Select(p => p.Field).Order());
        Assert.Equal(ErrorKind.BadRequest, error.Kind);
    }

    [Fact]
    public void Only_a_missing_file_is_bad_input()
    {
        var error = Assert.Throws<RequestException>(() => RequestResolver.Resolve(new VideoRequest("x") { FirstFrame = PictureInput.FromFile("/no/such.png") }, s_builtin));
        Assert.Equal(ErrorKind.BadInput, error.Kind);
    }

    [Fact]
    public void A_model_without_the_ability_says_what_it_can_do()
    {
        var error = Assert.Throws<RequestException>(() => RequestResolver.Resolve(new VideoRequest("x") { FirstFrame = s_picture }, s_wan));
        Assert.Equal("first_frame", error.Problems[0].Field);
        Assert.Contains("text to video", error.Problems[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1.0, 13)]
    [InlineData(1.4, 17)]
    [InlineData(0.01, 1)]
    [InlineData(10, 121)]
    public void Seconds_become_the_nearest_length(double seconds, int frames) =>
        Assert.Equal(frames, RequestResolver.Resolve(new VideoRequest("x") { Seconds = seconds }, s_builtin).Frames);

    [Theory]
    [InlineData(5, 0.6, 2)]
    [InlineData(20, 0.8, 4)]
    [InlineData(20, 1.0, 0)]
    public void Strength_leaves_out_the_first_steps(int steps, double strength, int first) =>
        Assert.Equal(first, RequestResolver.Resolve(new VideoRequest("x") { Video = s_clip, Steps = steps, Strength = strength }, s_builtin).FirstStep);

    [Theory]
    [InlineData(true, 20 + 8)]
    [InlineData(false, 8)]
    public void Extending_drops_the_overlap_where_clips_join(bool join, int frames)
    {
        var got = RequestResolver.Resolve(new VideoRequest("x") { Video = s_clip, Mode = VideoMode.Extend, Join = join }, s_builtin);
        Assert.Equal((9, 17, frames), (got.Overlap, got.Frames, got.OutputFrames));
    }
}
