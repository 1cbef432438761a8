using Engine.Runtime.Media;
using Engine.Runtime.Motion;
using Xunit;

namespace Engine.Runtime.Tests.Motion;

/// <summary>Curves, tracks, rays and warps.</summary>
public sealed class MotionGeometryTests
{
    [Fact]
    public void A_curve_meets_its_points_at_their_times()
    {
        var curve = new Spline([(0, 0), (10, 5), (4, 9)], [0, 0.25, 1]);
        Assert.Equal((0, 0), curve.At(-1));
        Assert.Equal((10, 5), curve.At(0.25));
        Assert.Equal((4, 9), curve.At(2));
        var straight = new Spline([(0, 0), (8, 4)], [0, 1]);
        Assert.Equal((4, 2), straight.At(0.5));
    }

    [Fact]
    public void Of_two_tracks_in_one_place_the_later_one_wins()
    {
        // One channel, two latent frames of 1x3: values 1 2 3, then zeros; both tracks end in the middle.
        float[] features = [1, 2, 3, 0, 0, 0];
        int[] positions = [0, 0, 0, 1, 0, 2, 0, 1];
        WanMove.Move(features, positions, channels: 1, times: 2, rows: 1, columns: 3);
        Assert.Equal([1, 2, 3, 0, 3, 0], features);
    }

    [Fact]
    public void A_track_that_is_not_seen_at_first_moves_nothing()
    {
        float[] tracks = [4, 4, 20, 4, 12, 4, 12, 4, 12, 4, 12, 4, 12, 4, 12, 4, 12, 4, 12, 4];
        bool[] visible = [true, false, true, true, true, true, true, true, true, true];
        int[] positions = WanMove.Positions(tracks, visible, width: 24, height: 8, group: 4, side: 8, frames: 5);
        Assert.Equal([0, 0, 0, 1, WanMove.Unseen, WanMove.Unseen, 0, 1], positions);
        float[] features = [1, 2, 3, 0, 0, 0];
        WanMove.Move(features, positions, 1, 2, 1, 3);
        Assert.Equal([1, 2, 3, 0, 1, 0], features);
    }

    [Theory]
    [InlineData("pan right", 1, 0)]
    [InlineData("pan left", -1, 0)]
    [InlineData("tilt down", 0, 1)]
    [InlineData("truck right", 1, 0)]
    [InlineData("pedestal up", 0, -1)]
    public void A_move_looks_where_it_says(string move, int right, int down)
    {
        var poses = CameraPath.Poses(MotionText.Camera(move), 2);
        var (x, y) = CameraWarp.Source(poses[0], poses[1], 128, 128, 64, 64)!.Value;
        Assert.Equal((right, down), (Math.Sign(Math.Round(x - 64, 6)), Math.Sign(Math.Round(y - 64, 6))));
        var (back, up) = CameraWarp.Target(poses[0], poses[1], 128, 128, x, y)!.Value;
        Assert.Equal((64, 64), (Math.Round(back, 6), Math.Round(up, 6)));
    }

    [Theory]
    [InlineData("zoom in", 1)]
    [InlineData("dolly in", 1)]
    [InlineData("zoom out", -1)]
    [InlineData("zoom=-5", 1)]
    public void Coming_nearer_shows_less(string move, int nearer)
    {
        var poses = CameraPath.Poses(MotionText.Camera(move), 2);
        var (x, _) = CameraWarp.Source(poses[0], poses[1], 128, 128, 128, 64)!.Value;
        Assert.Equal(nearer, Math.Sign(128 - x));
    }

    [Fact]
    public void Going_round_keeps_the_middle_in_sight()
    {
        var poses = CameraPath.Poses(MotionText.Camera("orbit left 1"), 5);
        var (x, y) = CameraWarp.Source(poses[0], poses[4], 96, 64, 48, 32)!.Value;
        Assert.Equal((48, 32), (Math.Round(x, 6), Math.Round(y, 6)));
        Assert.True(poses[4].Position[0] < -1);
    }

    [Fact]
    public void What_a_region_leaves_behind_is_filled_and_what_is_static_stays()
    {
        var rgb = new byte[64 * 64 * 3];
        Array.Fill(rgb, (byte)100);
        bool[] still = new bool[64 * 64];
        still.AsSpan(0, 64 * 8).Fill(true);
        var mask = Engine.Runtime.Motion.Stroke.Draw([(20, 32)], 12, 64, 64);
        for (int i = 0; i < mask.Length; i++)
        {
            if (mask[i])
            {
                rgb.AsSpan(i * 3, 3).Fill(200);
            }
        }

        var scene = new MotionScene
        {
            First = new Image(64, 64, rgb),
            Frames = 5,
            TrackBrush = 20,
            Regions = [Region.Of("brush 1", mask, 64, new Spline([(20, 32), (44, 2)], [0, 1]))],
            Tracks = [],
            Static = still,
        };
        var (last, meant) = new DragClip(scene).Frame(4);
        Assert.Equal(100, last.Rgb[((32 * 64) + 20) * 3]);
        Assert.Equal(rgb.AsSpan(0, 64 * 8 * 3), last.Rgb.AsSpan(0, 64 * 8 * 3));
        Assert.True(meant[64 * 4] && !meant[(32 * 64) + 20]);
        Assert.Equal(rgb, new DragClip(scene).Frame(0).Image.Rgb);
    }

    [Fact]
    public void A_file_of_poses_has_one_line_for_each_frame()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, ["clip", .. Enumerable.Repeat("0 0.5 0.9 0.5 0.5 0 0 1 0 0 0 0 1 0 0 0 0 1 0.5", 2)]);
            Assert.Equal(-0.5, CameraPoseFile.Read(file, 2)[1].Position[2]);
            Assert.Contains("has 2 poses, and the clip has 3 frames", Assert.Throws<RequestException>(() => CameraPoseFile.Read(file, 3)).Message, StringComparison.Ordinal);
            File.WriteAllLines(file, ["clip", "0 0.5 0.9 0.5 0.5 0 0 1 0 0 0 0 2 0 0 0 0 1 0.5"]);
            Assert.Contains("is not a rotation", Assert.Throws<RequestException>(() => CameraPoseFile.Read(file, 1)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
