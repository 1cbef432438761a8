using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Motion;

/// <summary>A dragged clip that was stopped goes on to the same clip, and only with the same motion.</summary>
public sealed class MotionResumeTests
{
    [Fact]
    public async Task A_stopped_clip_goes_on()
    {
        string state = Path.Combine(Directory.CreateTempSubdirectory().FullName, "state");
        var scene = PlainScene.All[0];
        var request = new VideoRequest(scene.Prompt)
        {
            Seed = 1,
            Frames = 5,
            FirstFrame = PictureInput.FromRgb24(scene.Picture(), PlainScene.Side, PlainScene.Side),
            Motion = new MotionRequest
            {
                Brushes = [new() { Mask = PictureInput.FromRgb24(scene.Mask(), PlainScene.Side, PlainScene.Side), Path = [new(60, 62), new(90, 62)] }],
                Units = MotionUnits.Pixels,
                TweakIndex = 14,
                StrongIndex = 19,
            },
        };
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        var whole = await FramesAsync(engine, request, new GenerationOptions());

        using var stop = new CancellationTokenSource();
        var listener = new Listener(p =>
        {
            if (p is { Stage: GenerationStage.Denoising, Step: 3 })
            {
                stop.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => engine.GenerateAsync(request, new GenerationOptions { StatePath = state }, listener, stop.Token));
        var resumed = await FramesAsync(engine, request, new GenerationOptions { StatePath = state, Resume = true });
        Assert.Equal(whole, resumed);

        var other = request with { Motion = request.Motion with { Brushes = [request.Motion.Brushes[0] with { Mask = PictureInput.FromRgb24(PlainScene.All[1].Mask(), PlainScene.Side, PlainScene.Side) }] } };
        var error = await Assert.ThrowsAnyAsync<Exception>(() => FramesAsync(engine, other, new GenerationOptions { StatePath = state, Resume = true }));
        Assert.Contains("motion.brushes[0].mask", error.Message, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(state)!, recursive: true);
    }

    static async Task<List<byte[]>> FramesAsync(VideoEngine engine, VideoRequest request, GenerationOptions options)
    {
        var frames = new List<byte[]>();
        await foreach (var frame in engine.StreamAsync(request, options, cancel: TestContext.Current.CancellationToken))
        {
            frames.Add(frame.Rgb24.ToArray());
        }

        return frames;
    }

    sealed class Listener(Action<GenerationProgress> told) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => told(value);
    }
}
