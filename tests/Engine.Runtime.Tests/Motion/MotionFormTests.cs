using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Motion;

/// <summary>Motion requests as text and as JSON.</summary>
public sealed class MotionFormTests
{
    [Fact]
    public void A_brush_is_a_mask_and_a_path()
    {
        var brush = MotionText.Brush("C:/a b/mask.png: 0.2,0.5 -> 0.5,0.4@0.25 -> 0.8,0.5; scale 1.5; rotate -30");
        Assert.Equal("C:/a b/mask.png", brush.Mask!.Path);
        Assert.Equal([new(0.2, 0.5), new(0.5, 0.4, 0.25), new(0.8, 0.5)], brush.Path);
        Assert.Equal((1.5, -30), (brush.Scale, brush.Rotate));
    }

    [Fact]
    public void A_brush_may_be_a_stroke()
    {
        var brush = MotionText.Brush("stroke 10,20 30,20 size 24: 20,20 -> 60,20");
        Assert.Equal([new(10, 20), new(30, 20)], brush.Stroke);
        Assert.Equal((24, null), (brush.BrushSize, brush.Mask));
    }

    [Theory]
    [InlineData("mask.png", "has no region or no path")]
    [InlineData("mask.png: 0.2 -> 0.5,0.5", "'0.2' is not a point")]
    [InlineData("mask.png: 0.2,a -> 0.5,0.5", "'a' is not a number")]
    [InlineData("mask.png: 0.2,0.5 -> 0.5,0.5; blur 3", "'blur 3' is not known")]
    public void A_broken_brush_is_said(string text, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<RequestException>(() => MotionText.Brush(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_camera_is_moves_numbers_or_a_file()
    {
        Assert.Equal([new(CameraMoveKind.PanLeft, 0.3), new(CameraMoveKind.ZoomIn)], MotionText.Camera("pan left 0.3, Zoom-In").Moves);
        Assert.Equal(new CameraControl { Horizontal = 5, Zoom = -3 }, MotionText.Camera("horizontal=5, zoom=-3").Control);
        Assert.Equal("poses.txt", MotionText.Camera("poses.txt").PosesFile);
        var error = Assert.Throws<RequestException>(() => MotionText.Camera("spin fast"));
        Assert.Contains("there is no move 'spin fast'; known are static, pan left", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_motion_request_survives_the_round_trip()
    {
        var motion = new MotionRequest
        {
            Brushes = [new() { Mask = PictureInput.FromFile("m.png"), Path = [new(1, 2), new(3, 4, 1)], Scale = 2 }],
            Tracks = [new() { Points = [new(1, 2), new(3, 4)], Visible = [true, false] }],
            Camera = new() { Moves = [new(CameraMoveKind.OrbitLeft, 0.25)], Control = new() { Pan = -2 }, Method = CameraMethod.Warp },
            Origin = MotionOrigin.BottomLeft,
            Units = MotionUnits.Pixels,
            StrongIndex = 9,
        };
        string json = MotionJson.Write(motion);
        Assert.Equal(json, MotionJson.Write(MotionJson.Parse(json)));
        Assert.Contains("\"orbit-left\"", json, StringComparison.Ordinal);
        string whole = VideoRequestJson.Write(new VideoRequest("x") { Motion = motion });
        Assert.Equal(whole, VideoRequestJson.Write(VideoRequestJson.Parse(whole)));
    }

    [Fact]
    public void Klings_points_are_read()
    {
        var motion = MotionJson.Parse("""{ "brushes": [{ "mask": "m.png", "path": [{ "x": 1, "y": 2 }, [3, 4]] }], "origin": "bottom-left" }""");
        Assert.Equal([new(1, 2), new(3, 4)], motion.Brushes[0].Path);
        Assert.Empty(motion.Tracks);
    }

    [Theory]
    [InlineData("""{ "brushs": [] }""", "motion.brushs", "there is no field 'brushs'")]
    [InlineData("""{ "brushes": [{ "path": [[1]] }] }""", "motion.brushes[0].path", "wrong type")]
    [InlineData("""{ "camera": { "moves": [{ "move": "fly" }] } }""", "motion.camera.moves[0].move", "wrong type")]
    public void A_wrong_field_is_named(string json, string field, string sentence)
    {
        foreach (var error in new[]
        {
            Assert.Throws<RequestException>(() => MotionJson.Parse(json)),
            Assert.Throws<RequestException>(() => VideoRequestJson.Parse($$"""{ "prompt": "x", "motion": {{json}} }""")),
        })
        {
            Assert.Contains(error.Problems, p => p.Field.StartsWith(field, StringComparison.Ordinal) && p.Message.Contains(sentence, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_documented_schema_is_the_codes()
    {
        string path = Path.Combine(Repository.Root, "docs", "motion.schema.json");
        if (Environment.GetEnvironmentVariable("ENGINE_WRITE_SCHEMA") == "1")
        {
            File.WriteAllText(path, MotionJson.Schema() + "\n");
        }

        Assert.Equal(File.ReadAllText(path).TrimEnd(), MotionJson.Schema());
    }
}
