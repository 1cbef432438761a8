using Engine.Model.Checkpoints;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Requests;

/// <summary>A clip that is made from another one has its size, and room around it is room.</summary>
public sealed class SourceSizeTests
{
    [Theory]
    [InlineData("wan21-vace", 640, 360, 0, 0, 640, 352)]
    [InlineData("wan21-vace", 1920, 1080, 0, 0, 832, 480)]
    [InlineData("wan21-vace", 1080, 1920, 0, 0, 480, 832)]
    [InlineData("wan21-vace", 480, 832, 160, 0, 800, 832)]
    [InlineData("wan21-vace", 512, 512, 0, 64, 512, 640)]
    [InlineData("wan21-vace", 960, 960, 96, 0, 752, 624)]
    [InlineData("builtin", 128, 128, 32, 0, 192, 128)]
    [InlineData("builtin", 100, 60, 0, 0, 96, 32)]
    [InlineData("builtin", 8, 8, 0, 0, 32, 32)]
    public void It_follows_the_source(string model, int width, int height, int beside, int above, int wantWidth, int wantHeight)
    {
        var request = new VideoRequest("x")
        {
            Video = Clip(width, height),
            Mode = VideoMode.Edit,
            Mask = ClipInput.FromFrames([PictureInput.FromRgb24(new byte[width * height * 3], width, height)]),
            Expand = beside + above == 0 ? null : new Margins(beside, above, beside, above),
        };
        var resolved = RequestResolver.Resolve(request, Open(model));
        Assert.Equal((wantWidth, wantHeight), (resolved.Width, resolved.Height));
        Assert.Equal((64, 64), Sized(request with { Width = 64, Height = 64 }, model));
        Assert.Equal((wantWidth, wantHeight), Sized(request with { Mode = VideoMode.Restyle, Mask = null, Expand = null, Video = Clip(wantWidth, wantHeight), Width = wantWidth, Height = wantHeight }, model));
    }

    [Fact]
    public void A_control_clip_tells_the_size_too() =>
        Assert.Equal((256, 384), Sized(new VideoRequest("x") { Control = Clip(256, 384) }, "wan21-vace"));

    static (int, int) Sized(VideoRequest request, string model)
    {
        var resolved = RequestResolver.Resolve(request, Open(model));
        return (resolved.Width, resolved.Height);
    }

    static ClipInput Clip(int width, int height) =>
        ClipInput.FromFrames([.. Enumerable.Repeat(PictureInput.FromRgb24(new byte[width * height * 3], width, height), 5)]);

    static Checkpoint Open(string model) =>
        Checkpoint.Open(model == "builtin" ? Repository.BuiltinModel : Path.Combine(Repository.Goldens, "models", model));
}
