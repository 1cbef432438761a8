using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Motion;

/// <summary>Things go where their paths end, and what must not move moves less, on the built-in model.</summary>
public sealed class MotionFigureTests(ITestOutputHelper output)
{
    const double Reach = 36;
    const double Within = 0.1 * PlainScene.Side;
    const int StaticRows = 24;

    [Fact]
    public async Task Four_scenes_go_where_the_paths_end() => await RunAsync(scenes: 4, turns: 4, least: 13);

    [Fact, Trait("Category", "Slow")]
    public async Task Twenty_scenes_go_in_eight_directions() => await RunAsync(scenes: 20, turns: 8, least: 128);

    async Task RunAsync(int scenes, int turns, int least)
    {
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        int met = 0;
        double brushed = 0, plain = 0;
        for (int s = 0; s < scenes; s++)
        {
            int index = s * PlainScene.All.Count / scenes;
            var scene = PlainScene.All[index];
            var request = new VideoRequest(scene.Prompt) { Seed = index + 1, FirstFrame = Rgb(scene.Picture()) };
            plain += TopMoves(await FramesAsync(engine, request));
            for (int t = 0; t < turns; t++)
            {
                // Lean runs take the directions in turn from scene to scene, each of the eight twice.
                double angle = Math.PI / 4 * (turns == 8 ? t : ((2 * s) + (3 * t)) % 8);
                var from = scene.Centroid(scene.Picture())!.Value;
                var to = (X: from.X + (Reach * Math.Cos(angle)), Y: from.Y + (Reach * Math.Sin(angle)));
                var frames = await FramesAsync(engine, request with { Motion = Drag(scene, from, to) });
                brushed += TopMoves(frames) / turns;
                Assert.Equal(request.FirstFrame!.Rgb24[..(StaticRows * PlainScene.Side * 3)].ToArray(), frames[^1][..(StaticRows * PlainScene.Side * 3)]);
                double error = scene.Centroid(frames[^1]) is { } at ? Math.Sqrt(Math.Pow(at.X - to.X, 2) + Math.Pow(at.Y - to.Y, 2)) : double.PositiveInfinity;
                met += error <= Within ? 1 : 0;
                if (error > Within)
                {
                    output.WriteLine($"{scene.Prompt}, {angle * 180 / Math.PI:0} degrees: {error:0.0} pixels off");
                }
            }
        }

        output.WriteLine($"{met} of {scenes * turns} within 10 % of the frame; static region moves {brushed / scenes:0.00}, unbrushed {plain / scenes:0.00} levels");
        Assert.True(met >= least, $"{met} of {scenes * turns} end within 10 % of the frame of their path's end");
        Assert.True(brushed < plain, $"the static region moves {brushed / scenes:0.00} levels, unbrushed {plain / scenes:0.00}");
    }

    static MotionRequest Drag(PlainScene scene, (double X, double Y) from, (double X, double Y) to) => new()
    {
        Units = MotionUnits.Pixels,
        Brushes = [new MotionBrush { Mask = Rgb(scene.Mask()), Path = [new(from.X, from.Y), new(to.X, to.Y)] }],
        StaticMask = Rgb(PlainScene.Top(StaticRows)),
    };

    // Mean change of a value between the first frame and each later one.
    static double TopMoves(List<byte[]> frames)
    {
        const int Values = StaticRows * PlainScene.Side * 3;
        return frames.Skip(1).Average(f => Enumerable.Range(0, Values).Average(i => Math.Abs(f[i] - frames[0][i])));
    }

    static PictureInput Rgb(byte[] picture) => PictureInput.FromRgb24(picture, PlainScene.Side, PlainScene.Side);

    static async Task<List<byte[]>> FramesAsync(VideoEngine engine, VideoRequest request)
    {
        var frames = new List<byte[]>();
        await foreach (var frame in engine.StreamAsync(request, cancel: TestContext.Current.CancellationToken))
        {
            frames.Add(frame.Rgb24.ToArray());
        }

        return frames;
    }
}
