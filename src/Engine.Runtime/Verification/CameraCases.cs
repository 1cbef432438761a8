using System.Text.Json;
using Engine.Kernels;
using Engine.Model.Transformer;
using Engine.Runtime.Motion;

namespace Engine.Runtime.Verification;

/// <summary>A camera path given as poses: <c>request.camera</c> -> <c>plucker</c>, <c>control</c>, and <c>adapter</c> before one forward.</summary>
static class CameraCases
{
    const int Group = 4;

    /// <summary>True when the case gives a camera.</summary>
    public static bool IsGiven(CaseRun run) => run.Golden.Json.TryGetProperty("request", out var request) && request.TryGetProperty("camera", out _);

    /// <summary>Compares rays, control and adapter, and gives the embedded path to a context; the caller disposes it.</summary>
    public static Tensor Embed(CaseRun run, WanTransformer model, Shape latent, Workspace scratch)
    {
        var request = run.Golden.Json.GetProperty("request");
        int width = request.GetProperty("width").GetInt32();
        int height = request.GetProperty("height").GetInt32();
        CameraPose[] poses = [.. request.GetProperty("camera").EnumerateArray().Select(Pose)];
        var rays = new CameraRays(poses, width, height);
        run.Compare("plucker", [.. Enumerable.Range(0, poses.Length).SelectMany(rays.Frame)], [poses.Length, height, width, CameraRays.Coordinates]);

        int frames = latent[1];
        int plane = height * width;
        int channels = CameraRays.Coordinates * Group;
        var control = new float[channels * frames * plane];
        for (int t = 0; t < frames; t++)
        {
            float[] part = rays.Control(t, Group);
            for (int c = 0; c < channels; c++)
            {
                part.AsSpan(c * plane, plane).CopyTo(control.AsSpan(((c * frames) + t) * plane));
            }
        }

        run.Compare("control", control, [channels, frames, height, width]);
        var tokens = model.EmbedCamera(t => rays.Control(t, Group), frames, latent[2], latent[3], scratch);
        var patch = model.Config.Patch;
        run.Compare("adapter", Transposed(tokens), [tokens.Columns, frames, latent[2] / patch.H, latent[3] / patch.W]);
        return tokens;
    }

    static CameraPose Pose(JsonElement row) => CameraPose.FromRow([.. row.EnumerateArray().Select(v => v.GetDouble())]);

    static float[] Transposed(Tensor tokens)
    {
        float[] rows = tokens.ToArray();
        var columns = new float[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            columns[((i % tokens.Columns) * tokens.Rows) + (i / tokens.Columns)] = rows[i];
        }

        return columns;
    }
}
