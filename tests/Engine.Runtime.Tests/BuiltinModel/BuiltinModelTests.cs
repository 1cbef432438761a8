using Engine.Runtime;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.BuiltinModel;

public sealed class BuiltinModelTests
{
    // As many of twenty as the model's README reports of its 48: colour 85 %, place 100 %, motion 77 %.
    const int ColourOf20 = 17;
    const int PlaceOf20 = 20;
    const int MotionOf20 = 15;

    [Fact]
    public async Task Twenty_prompts_show_what_they_ask_for_as_often_as_the_models_readme_says()
    {
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        int colour = 0, place = 0, motion = 0;
        for (int i = 0; i < ScoredPrompts.All.Count; i++)
        {
            var asked = ScoredPrompts.All[i];
            var score = await Score(engine, asked, seed: i + 1);
            bool hasColour = score.HasColour(asked.Colour);
            bool isAt = score.IsAt(asked.Place);
            bool moves = score.Moves(asked.Motion, asked.Colour);
            TestContext.Current.TestOutputHelper?.WriteLine($"{asked.Prompt}: colour {hasColour}, place {isAt}, motion {moves}");
            colour += hasColour ? 1 : 0;
            place += isAt ? 1 : 0;
            motion += moves ? 1 : 0;
        }

        string found = $"of 20 prompts: colour {colour}, place {place}, motion {motion}";
        TestContext.Current.TestOutputHelper?.WriteLine(found);
        Assert.True(colour >= ColourOf20 && place >= PlaceOf20 && motion >= MotionOf20, found);
    }

    [Fact]
    public void A_still_clip_is_not_scored_as_moving()
    {
        var frame = new byte[64 * 64 * 3];
        for (int i = 20; i < 40; i++)
        {
            frame[3 * ((64 * i) + 30)] = 214;
            frame[(3 * ((64 * i) + 30)) + 1] = 40;
            frame[(3 * ((64 * i) + 30)) + 2] = 40;
        }

        var score = new ClipScore([frame, frame, frame, frame], 64, 64);
        Assert.False(score.HasColour("red"));
        Assert.True(score.Moves("still", "red"));
        Assert.False(score.Moves("left", "red"));
        Assert.False(score.Moves("grow", "red"));
    }

    static async Task<ClipScore> Score(VideoEngine engine, ScoredPrompt asked, long seed)
    {
        var frames = new List<byte[]>();
        int width = 0, height = 0;
        await foreach (var frame in engine.StreamAsync(new VideoRequest(asked.Prompt) { Seed = seed }, cancel: TestContext.Current.CancellationToken))
        {
            frames.Add(frame.Rgb24.ToArray());
            (width, height) = (frame.Width, frame.Height);
        }

        return new ClipScore(frames, width, height);
    }
}
