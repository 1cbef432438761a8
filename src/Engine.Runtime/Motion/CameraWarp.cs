using Engine.Runtime.Media;

namespace Engine.Runtime.Motion;

/// <summary>What a moving camera sees of a flat picture: the first frame, taken to stand upright at one distance.</summary>
/// <remarks>
/// Turning, rolling and zooming are exact for any scene; going somewhere is exact for things at
/// <see cref="CameraPath.SceneDistance"/>, since nothing is known of their depth.
/// </remarks>
static class CameraWarp
{
    /// <summary>The picture as seen in one frame.</summary>
    /// <param name="picture">The first frame.</param>
    /// <param name="first">The first frame's camera.</param>
    /// <param name="pose">This frame's, as the first frame's camera sees it.</param>
    /// <returns>The picture, its border repeated where it does not reach, and [H, W] true where it does.</returns>
    public static (Image Image, bool[] Seen) Run(Image picture, CameraPose first, CameraPose pose)
    {
        int width = picture.Width;
        int height = picture.Height;
        var rgb = new byte[picture.Rgb.Length];
        var seen = new bool[width * height];
        for (int i = 0; i < seen.Length; i++)
        {
            var source = Source(first, pose, width, height, (i % width) + 0.5, (i / width) + 0.5);
            seen[i] = source is { } at && at.X >= 0 && at.X <= width && at.Y >= 0 && at.Y <= height;
            var (x, y) = source ?? (width / 2.0, height / 2.0);
            Bilinear.Sample(picture, x, y, rgb.AsSpan(i * 3, 3));
        }

        return (new Image(width, height, rgb), seen);
    }

    /// <summary>Where in the first frame a point of this frame is seen, or null behind the camera.</summary>
    public static (double X, double Y)? Source(CameraPose first, CameraPose pose, int width, int height, double x, double y)
    {
        var lens = pose.InPixels(width, height);
        double[] r = pose.Rotation;
        var (u, v) = ((x - lens.Cx) / lens.Fx, (y - lens.Cy) / lens.Fy);
        double dz = (r[6] * u) + (r[7] * v) + r[8];
        double reach = (CameraPath.SceneDistance - pose.Position[2]) / dz;
        if (dz <= 0 || reach <= 0)
        {
            return null;
        }

        var start = first.InPixels(width, height);
        double px = pose.Position[0] + (reach * ((r[0] * u) + (r[1] * v) + r[2]));
        double py = pose.Position[1] + (reach * ((r[3] * u) + (r[4] * v) + r[5]));
        return ((px / CameraPath.SceneDistance * start.Fx) + start.Cx, (py / CameraPath.SceneDistance * start.Fy) + start.Cy);
    }

    /// <summary>Where a point of the first frame is seen in this frame, or null behind the camera.</summary>
    public static (double X, double Y)? Target(CameraPose first, CameraPose pose, int width, int height, double x, double y)
    {
        var start = first.InPixels(width, height);
        var lens = pose.InPixels(width, height);
        double[] r = pose.Rotation;
        double px = ((x - start.Cx) / start.Fx * CameraPath.SceneDistance) - pose.Position[0];
        double py = ((y - start.Cy) / start.Fy * CameraPath.SceneDistance) - pose.Position[1];
        double pz = CameraPath.SceneDistance - pose.Position[2];

        // The world to the camera: the rotation transposed.
        double cx = (r[0] * px) + (r[3] * py) + (r[6] * pz);
        double cy = (r[1] * px) + (r[4] * py) + (r[7] * pz);
        double cz = (r[2] * px) + (r[5] * py) + (r[8] * pz);
        return cz <= 0 ? null : ((cx / cz * lens.Fx) + lens.Cx, (cy / cz * lens.Fy) + lens.Cy);
    }
}
