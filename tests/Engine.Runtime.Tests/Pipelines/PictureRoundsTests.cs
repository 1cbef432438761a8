using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>A long clip of a model that takes a first picture and no clip: rounds that each start with the last picture of the one before.</summary>
public sealed class PictureRoundsTests
{
    const int Width = 48, Height = 32;

    static readonly string s_model = Path.Combine(Repository.Goldens, "models", "wan22-i2v-a14b");

    static readonly VideoRequest s_request = new("a red ball")
    {
        Width = Width,
        Height = Height,
        Frames = 25,
        WindowFrames = 9,
        Steps = 4,
        Shift = 5,
        Seed = 3,
        MaxSequenceLength = 40,
        FirstFrame = PictureInput.FromRgb24(Enumerable.Range(0, Width * Height * 3).Select(i => (byte)(i / 19)).ToArray(), Width, Height),
    };

    [Fact]
    public async Task Each_round_is_the_one_that_its_picture_and_seed_would_make_alone()
    {
        var (log, frames) = await TensorLog.RunAsync(s_model, s_request);
        Assert.Equal(25, frames.Count);
        Assert.Equal(25, log.Frames);

        // Nine frames, and eight more twice: three latent frames a round, the first of which is the last picture of the round before.
        var conditions = log.All("condition");
        Assert.Equal(3, conditions.Count);
        Assert.All(conditions, c => Assert.Equal([1, 20, 3, Height / 8, Width / 8], c.Shape));
        int plane = Height / 8 * (Width / 8);
        Assert.All(conditions, c => Assert.Equal(
            Enumerable.Range(0, 4).SelectMany(_ => (float[])[1, 0, 0]).SelectMany(known => Enumerable.Repeat(known, plane)), c.Values[..(4 * 3 * plane)]));

        var picture = s_request.FirstFrame!;
        for (int round = 0; round < 3; round++)
        {
            var (alone, _) = await TensorLog.RunAsync(s_model, s_request with { Frames = 9, Seed = 3 + round, FirstFrame = picture });
            Assert.InRange(Golden.RelativeError(conditions[round].Values, alone.One("condition").Values), 0, 1e-6);
            Assert.InRange(Golden.RelativeError(log.All("latents.3")[round].Values, alone.One("latents.3").Values), 0, 1e-5);
            picture = PictureInput.FromRgb24(frames[8 * (round + 1)], Width, Height);
        }
    }

    [Fact]
    public async Task It_goes_on_the_same_after_a_stop_in_a_later_round()
    {
        byte[] whole = await Jobs.JobStateTests.FramesOfAsync(s_model, s_request, new GenerationOptions());
        string state = Path.Combine(Directory.CreateTempSubdirectory().FullName, "job.state");
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Jobs.JobStateTests.FramesOfAsync(
            s_model, s_request, new GenerationOptions { StatePath = state }, p => { if (p.Step == 6) { stop.Cancel(); } }, stop.Token));
        Assert.Equal(whole, await Jobs.JobStateTests.FramesOfAsync(s_model, s_request, new GenerationOptions { StatePath = state, Resume = true }));
        Directory.Delete(Path.GetDirectoryName(state)!, true);
    }
}
