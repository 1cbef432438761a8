using Engine.Model.Checkpoints;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Motion;

/// <summary>What is wrong with a motion request is said before anything is loaded, one sentence each; what is decided is said too.</summary>
public sealed class MotionRequestTests
{
    static readonly MotionPoint[] s_path = [new(0.5, 0.5), new(0.7, 0.5)];
    static readonly MotionBrush s_brush = new() { Stroke = [new(0.5, 0.5)], BrushSize = 24, Path = s_path };

    public static TheoryData<string, MotionRequest, string> Wrong => new()
    {
        { "motion.brushes[0].path", new() { Brushes = [s_brush with { Path = [new(0.5, 0.5)] }] }, "has 1 point; it takes 2 to 77" },
        { "motion.brushes[0].path", new() { Brushes = [s_brush with { Path = [.. Enumerable.Range(0, 78).Select(i => new MotionPoint(i / 78.0, 0.5))] }] }, "has 78 points; it takes 2 to 77" },
        { "motion.brushes[0].brush_size", new() { Brushes = [s_brush with { BrushSize = 51 }] }, "51 is not possible; a brush is 1 to 50 pixels wide" },
        { "motion.brushes[0].stroke", new() { Brushes = [s_brush with { Stroke = [new(1.8, 1.8)] }] }, "lies outside the frame" },
        { "motion.brushes[0].mask", new() { Brushes = [new() { Mask = Plain(64, 64, 255), Path = s_path }] }, "the mask is 64x64, and the first picture is 128x128" },
        { "motion.brushes[0].mask", new() { Brushes = [new() { Mask = Plain(128, 128, 0), Path = s_path }] }, "nothing in the mask is white" },
        { "motion.brushes[0]", new() { Brushes = [new() { Path = s_path }] }, "has no region" },
        { "motion.brushes[0].path", new() { Brushes = [s_brush with { Path = [new(0.1, 0.1, 0.5), new(0.2, 0.2, 0.5)] }] }, "times that do not rise" },
        { "motion.brushes[0].path", new() { Brushes = [s_brush with { Path = [new(0.1, double.NaN), new(0.2, 0.2)] }] }, "no place in a picture" },
        { "motion.static_mask", new() { StaticMask = Plain(100, 128, 255) }, "the mask is 100x128" },
        { "motion.tracks[0].visible", new() { Tracks = [new() { Points = s_path, Visible = [true] }] }, "has 1 entries for 2 points" },
        { "motion.tracks[0]", new() { Tracks = [new() { Points = [new(1.5, 0.5), new(0.5, 0.5)] }] }, "first point lies outside the frame" },
        { "motion.camera", new() { Camera = new() }, "does not move" },
        { "motion.camera.control.roll", new() { Camera = new() { Control = new() { Roll = 11 } } }, "11 is not possible; it takes a number from -10 to 10" },
        { "motion.camera.moves[0].amount", new() { Camera = new() { Moves = [new(CameraMoveKind.PanLeft, 0)] } }, "0 is not possible" },
        { "motion.camera.method", new() { Camera = new() { Moves = [new(CameraMoveKind.PanLeft)], Method = CameraMethod.Adapter } }, "only Fun-Camera checkpoints have" },
        { "motion.method", new() { Brushes = [s_brush], Method = MotionMethod.WanMove }, "takes a Wan-Move checkpoint" },
        { "motion.tweak_index", new() { Brushes = [s_brush], TweakIndex = 20 }, "20 is not possible; it takes 0 to 19" },
        { "motion.strong_index", new() { Brushes = [s_brush], TweakIndex = 5, StrongIndex = 3 }, "3 is not possible; it takes 5" },
        { "motion.drag_video", new() { DragVideo = ClipInput.FromFile("x.mp4") }, "belong together" },
        { "motion", new(), "says nothing" },
    };

    [Theory, MemberData(nameof(Wrong))]
    public void One_sentence_names_what_is_wrong(string field, MotionRequest motion, string sentence)
    {
        var error = Assert.Throws<RequestException>(() => Resolve(motion));
        Assert.Contains(error.Problems, p => p.Field == field && p.Message.Contains(sentence, StringComparison.Ordinal));
    }

    [Fact]
    public void Regions_need_a_first_frame()
    {
        var error = Assert.Throws<RequestException>(() => RequestResolver.Resolve(new VideoRequest("x") { Motion = new() { Brushes = [s_brush] } }, Checkpoint.Open(Repository.BuiltinModel)));
        Assert.Contains("give one as first_frame", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_leaves_the_frame_meets_or_crosses_is_said()
    {
        MotionBrush Disc(double x, double y, double toX, double toY) => new() { Stroke = [new(x, y)], BrushSize = 10, Path = [new(x, y), new(toX, toY)] };
        var notes = Resolve(new() { Brushes = [Disc(0.2, 0.5, 0.8, 0.5), Disc(0.8, 0.5, 0.2, 0.5), Disc(0.3, 0.2, 1.2, 0.2), Disc(0.3, 0.1, 0.32, 0.9)] }).Notes;
        Assert.Contains(notes, n => n.StartsWith("brush 1 and brush 2 meet at", StringComparison.Ordinal) && n.EndsWith("brush 2, given later, is in front.", StringComparison.Ordinal));
        Assert.Contains(notes, n => n.StartsWith("brush 3 leaves the frame at", StringComparison.Ordinal));
        Assert.Contains(notes, n => n == "the paths of brush 1 and brush 4 cross, at different times.");
    }

    [Fact]
    public void The_built_in_model_drags_by_its_own_clocks_and_says_so()
    {
        var resolved = Resolve(new() { Brushes = [.. Enumerable.Repeat(s_brush, 6)], Camera = new() { Moves = [new(CameraMoveKind.ZoomIn)] } });
        Assert.Equal((14, 17, 14), (resolved.Motion!.TweakIndex, resolved.Motion.StrongIndex, resolved.FirstStep));
        Assert.Equal((MotionMethod.TimeToMove, CameraMethod.Warp), (resolved.Motion.Regions, resolved.Motion.Camera));
        Assert.Contains(resolved.Notes, n => n.StartsWith("motion is played by Time-to-Move", StringComparison.Ordinal));
        Assert.Contains(resolved.Notes, n => n.StartsWith("the camera's path is played by warping", StringComparison.Ordinal));
        var again = RequestResolver.Resolve(resolved.Request, Checkpoint.Open(Repository.BuiltinModel));
        Assert.Equal(resolved.Motion, again.Motion);
    }

    [Fact]
    public void Without_a_picture_the_camera_is_put_into_words()
    {
        var request = new VideoRequest("A red ball in a meadow.") { Motion = new() { Camera = MotionText.Camera("pan left 0.3, zoom in") } };
        var resolved = RequestResolver.Resolve(request, Checkpoint.Open(Repository.BuiltinModel));
        Assert.Equal("A red ball in a meadow, the camera pans left and zooms in", resolved.Prompt);
        Assert.Equal("A red ball in a meadow.", resolved.Request.Prompt);
        Assert.Contains(resolved.Notes, n => n.Contains("played in words", StringComparison.Ordinal));
    }

    static ResolvedRequest Resolve(MotionRequest motion) => RequestResolver.Resolve(
        new VideoRequest("x") { FirstFrame = Plain(128, 128, 90), Motion = motion }, Checkpoint.Open(Repository.BuiltinModel));

    static PictureInput Plain(int width, int height, byte value)
    {
        var rgb = new byte[width * height * 3];
        Array.Fill(rgb, value);
        return PictureInput.FromRgb24(rgb, width, height);
    }
}
