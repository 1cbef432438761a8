using Engine.Model.Checkpoints;
using Engine.Runtime.Pipelines;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Requests;

/// <summary>Sizes by tier and proportions, lengths by seconds, and the rounds of long clips.</summary>
public sealed class RequestShapeTests
{
    static readonly Checkpoint s_builtin = Checkpoint.Open(Repository.BuiltinModel);
    static readonly Checkpoint s_wan = Checkpoint.Open(Path.Combine(Repository.Goldens, "models", "wan21-t2v"));

    [Theory]
    [InlineData(QualityTier.Standard, null, 832, 480, 30)]
    [InlineData(QualityTier.Pro, null, 1280, 720, 50)]
    [InlineData(QualityTier.Master, null, 1280, 720, 62)]
    [InlineData(QualityTier.Pro, "9:16", 720, 1280, 50)]
    [InlineData(QualityTier.Pro, "1:1", 960, 960, 50)]
    public void A_tier_is_a_size_and_a_number_of_steps(QualityTier tier, string? aspect, int width, int height, int steps)
    {
        // The small model knows fewer positions than these sizes take, so that it is asked for them alone.
        var wrong = new List<RequestProblem>();
        Assert.Equal((width, height), QualityTiers.Size(wrong, new VideoRequest("x") { Tier = tier, Aspect = aspect }, s_wan));
        Assert.Equal(steps, QualityTiers.Steps(tier, s_wan));
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("16:9", 160, 96)]
    [InlineData("9:16", 96, 160)]
    [InlineData("1:1", 128, 128)]
    public void Proportions_keep_the_models_number_of_pixels(string aspect, int width, int height)
    {
        var resolved = RequestResolver.Resolve(new VideoRequest("x") { Aspect = aspect, Tier = QualityTier.Master }, s_builtin);
        Assert.Equal((width, height), (resolved.Width, resolved.Height));
    }

    [Theory]
    [InlineData("16/9")]
    [InlineData("16:0")]
    [InlineData("100:1")]
    public void Proportions_that_are_none_are_refused(string aspect) => Assert.Contains(
        "two numbers with a colon", Assert.Throws<RequestException>(() => RequestResolver.Resolve(new VideoRequest("x") { Aspect = aspect }, s_builtin)).Message, StringComparison.Ordinal);

    [Fact]
    public void Sizes_and_steps_that_are_given_win_over_the_tier()
    {
        var resolved = RequestResolver.Resolve(new VideoRequest("x") { Tier = QualityTier.Pro, Width = 64, Height = 32, Steps = 7 }, s_wan);
        Assert.Equal((64, 32, 7), (resolved.Width, resolved.Height, resolved.Steps));
    }

    [Theory]
    [InlineData(2, 12, 25)]
    [InlineData(5, 16, 81)]
    [InlineData(10, 16, 161)]
    public void Seconds_are_rounded_to_what_the_model_makes(double seconds, double fps, int frames) =>
        Assert.Equal(frames, RequestResolver.Resolve(new VideoRequest("x") { Seconds = seconds, Fps = fps }, s_builtin).Frames);

    [Fact]
    public void Rounds_add_up_to_the_clip_and_each_has_a_seed_of_its_own()
    {
        var resolved = RequestResolver.Resolve(new VideoRequest("x") { Frames = 41, Seed = 5 }, s_builtin);
        var rounds = ClipJob.Rounds(resolved);
        Assert.Equal(41, rounds[0].Frames + rounds.Skip(1).Sum(r => r.Frames - r.Overlap));
        Assert.All(rounds, r => Assert.InRange(r.Frames, 1, 17));
        Assert.Equal(Enumerable.Range(5, rounds.Count).Select(s => (long)s), rounds.Select(r => r.Seed));
        Assert.Equal(VideoTask.TextToVideo, rounds[0].Task);
        Assert.All(rounds.Skip(1), r => Assert.Equal(VideoTask.Extend, r.Task));
    }
}
