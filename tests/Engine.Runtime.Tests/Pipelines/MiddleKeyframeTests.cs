using Engine.Kernels;
using Engine.Runtime.Pipelines;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>A picture in the middle of a clip is given at its latent frame and nowhere else; one frame alone is a picture.</summary>
public sealed class MiddleKeyframeTests
{
    [Fact]
    public async Task A_picture_at_a_time_is_given_at_its_latent_frame()
    {
        var seen = new Observer();
        var picture = PictureInput.FromFile(Path.Combine(Repository.Goldens, "builtin-keyframes", "first.png"));
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        var request = new VideoRequest("A green hoop") { Seed = 1, Steps = 1, Frames = 17, Keyframes = [new Keyframe { Image = picture, Frame = 8 }] };
        await using var video = await engine.GenerateAsync(request, new GenerationOptions { Observer = seen }, cancel: TestContext.Current.CancellationToken);
        float[] given = seen.Given!;
        Assert.Equal(VideoTask.Keyframes, video.Request.Task);
        Assert.Equal([0, 0, 64, 0, 0], Enumerable.Range(0, 5).Select(t => given[(t * 64)..((t + 1) * 64)].Sum()));
    }

    [Fact]
    public async Task One_frame_is_made_at_any_size()
    {
        byte[] picture = await Jobs.JobStateTests.FramesOfAsync(
            Repository.BuiltinModel, new VideoRequest("A red ball on snow") { Seed = 1, Steps = 1, Frames = 1, Width = 320, Height = 192 }, new GenerationOptions());
        Assert.Equal(320 * 192 * 3, picture.Length);
        Assert.True(picture.Distinct().Count() > 16);
    }

    sealed class Observer : IPipelineObserver
    {
        public float[]? Given { get; private set; }

        public void OnTensor(string name, Tensor tensor) => Given = name == "given" ? tensor.ToArray() : Given;

        public void OnFrames(int first, Tensor frames)
        {
        }
    }
}
