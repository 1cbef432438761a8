using System.Text.Json;
using Engine.Runtime.Media;

namespace Engine.Cli.Tests.Commands;

/// <summary>One picture instead of a clip: written, read back, and of the size asked for.</summary>
public sealed class StillCommandTests
{
    [Fact]
    public async Task A_png_and_a_webp_hold_the_same_picture()
    {
        using var folder = new TempFolder();
        byte[] png = await MakeAsync(folder["a.png"], "--still");
        byte[] webp = await MakeAsync(folder["a.webp"]);
        Assert.Equal(["a.png", "a.webp"], folder.Names);
        Assert.True(png.Distinct().Count() > 32);
        Assert.InRange(png.Zip(webp, (a, b) => Math.Abs(a - b)).Average(), 0, 3);

        // A still is a picture, and tells how it was made.
        var inspected = JsonDocument.Parse((await EngineProcess.RunAsync("inspect", folder["a.png"], "--json")).Out).RootElement;
        Assert.Equal("A red ball on snow", inspected.GetProperty("metadata").GetProperty("prompt").GetString());
    }

    static async Task<byte[]> MakeAsync(string path, params string[] options)
    {
        var run = await EngineProcess.RunAsync(
            ["generate", "A red ball on snow", "--size", "192x160", "--steps", "4", "--seed", "2", "-o", path, "--json", "-q", .. options]);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(1, JsonDocument.Parse(run.Out).RootElement.GetProperty("frames").GetInt32());
        var image = Image.Load(path);
        Assert.Equal((192, 160), (image.Width, image.Height));
        return image.Rgb;
    }
}
