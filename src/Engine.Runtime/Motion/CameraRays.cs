namespace Engine.Runtime.Motion;

/// <summary>A camera's path as Pluecker coordinates of every pixel's ray, which is what Fun-Camera checkpoints take.</summary>
/// <remarks>
/// A ray from o in the direction d (length 1) is (o x d, d). Ports of get_relative_pose, ray_condition and process_pose_params,
/// videox_fun/data/utils.py, and of the arrangement in videox_fun/pipeline/pipeline_wan2_2_fun_control.py, of
/// aigc-apps/VideoX-Fun @ 804a4258e2608f855ccaec8fffa279e75a3b89c6 (Apache-2.0).
/// </remarks>
sealed class CameraRays
{
    /// <summary>Coordinates of a ray.</summary>
    public const int Coordinates = 6;

    readonly CameraPose[] _poses;
    readonly int _width;
    readonly int _height;

    /// <summary>Prepares the rays of a clip.</summary>
    /// <param name="poses">One per pixel frame.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    public CameraRays(IReadOnlyList<CameraPose> poses, int width, int height)
    {
        _poses = [.. poses.Select(p => p.RelativeTo(poses[0]))];
        _width = width;
        _height = height;
    }

    /// <summary>Coordinates of one pixel frame [H, W, 6].</summary>
    public float[] Frame(int frame)
    {
        var rays = new float[_height * _width * Coordinates];
        Fill(frame, rays, stride: 1, pixelStride: Coordinates);
        return rays;
    }

    /// <summary>The control of one latent frame [6 x group, H, W]: each coordinate of each of its pixel frames; the first frame counts for the whole first group.</summary>
    /// <param name="latentFrame">Which.</param>
    /// <param name="group">Pixel frames in a latent frame.</param>
    public float[] Control(int latentFrame, int group)
    {
        int plane = _height * _width;
        var control = new float[Coordinates * group * plane];
        for (int k = 0; k < group; k++)
        {
            int frame = latentFrame == 0 ? 0 : ((latentFrame - 1) * group) + 1 + k;
            Fill(frame, control.AsSpan(k * plane), stride: group * plane, pixelStride: 1);
        }

        return control;
    }

    void Fill(int frame, Span<float> into, int stride, int pixelStride)
    {
        var pose = _poses[frame];
        var (fx, fy, cx, cy) = pose.InPixels(_width, _height);
        double[] r = pose.Rotation;
        var (ox, oy, oz) = (pose.Position[0], pose.Position[1], pose.Position[2]);
        for (int i = 0; i < _height * _width; i++)
        {
            double x = ((i % _width) + 0.5 - cx) / fx;
            double y = ((i / _width) + 0.5 - cy) / fy;
            double length = Math.Sqrt((x * x) + (y * y) + 1);
            double dx = ((r[0] * x) + (r[1] * y) + r[2]) / length;
            double dy = ((r[3] * x) + (r[4] * y) + r[5]) / length;
            double dz = ((r[6] * x) + (r[7] * y) + r[8]) / length;
            int at = i * pixelStride;
            into[at] = (float)((oy * dz) - (oz * dy));
            into[at + stride] = (float)((oz * dx) - (ox * dz));
            into[at + (2 * stride)] = (float)((ox * dy) - (oy * dx));
            into[at + (3 * stride)] = (float)dx;
            into[at + (4 * stride)] = (float)dy;
            into[at + (5 * stride)] = (float)dz;
        }
    }
}
