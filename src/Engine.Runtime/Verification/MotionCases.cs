using Engine.Kernels;
using Engine.Runtime.Motion;

namespace Engine.Runtime.Verification;

/// <summary>Cases of kind "motion" (Wan-Move): tracks to places on the latent's grid, and features copied along them; both exact.</summary>
static class MotionCases
{
    const int Group = 4;

    public static void Run(CaseRun run)
    {
        var request = run.Golden.Json.GetProperty("request");
        int width = request.GetProperty("width").GetInt32();
        int height = request.GetProperty("height").GetInt32();
        int frames = request.GetProperty("num_frames").GetInt32();
        var tracks = run.Input("tracks");
        var features = run.Input("features");
        int side = width / features.Shape[4];
        int[] positions = WanMove.Positions(tracks.Values, Visible(run), width, height, Group, side, frames);
        run.Compare("track_pos", Array.ConvertAll(positions, p => (float)p), run.Golden.Tensor("track_pos").KernelShape);
        float[] moved = [.. features.Values];
        WanMove.Move(moved, positions, features.Shape[1], features.Shape[2], features.Shape[3], features.Shape[4]);
        run.Compare("moved", moved, features.KernelShape);
    }

    /// <summary>The request with the case's tracks, where it has any.</summary>
    public static VideoRequest WithTracks(CaseRun run, VideoRequest request)
    {
        if (!run.Golden.Has("tracks"))
        {
            return request;
        }

        var tracks = run.Input("tracks");
        bool[] visible = Visible(run);
        int count = tracks.Shape[1];
        int frames = tracks.Shape[0];
        MotionPoint Point(int frame, int n) => new(tracks.Values[((frame * count) + n) * 2], tracks.Values[(((frame * count) + n) * 2) + 1]);
        return request with
        {
            Motion = new MotionRequest
            {
                Method = MotionMethod.WanMove,
                Units = MotionUnits.Pixels,
                Tracks =
                [
                    .. Enumerable.Range(0, count).Select(n => new MotionTrack
                    {
                        Points = [.. Enumerable.Range(0, frames).Select(f => Point(f, n))],
                        Visible = [.. Enumerable.Range(0, frames).Select(f => visible[(f * count) + n])],
                    }),
                ],
            },
        };
    }

    static bool[] Visible(CaseRun run) => Array.ConvertAll(run.Input("visibility").Values, v => v != 0);
}
