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

/// <summary>Colours between pixels.</summary>
static class Bilinear
{
    /// <summary>The colour at a point, (0.5, 0.5) being the middle of the first pixel; the border is repeated outside.</summary>
    public static void Sample(Image picture, double x, double y, Span<byte> rgb)
    {
        var (left, right, u) = Between(x, picture.Width);
        var (top, bottom, v) = Between(y, picture.Height);
        for (int c = 0; c < 3; c++)
        {
            double At(int column, int row) => picture.Rgb[(((row * picture.Width) + column) * 3) + c];
            double upper = (At(left, top) * (1 - u)) + (At(right, top) * u);
            double lower = (At(left, bottom) * (1 - u)) + (At(right, bottom) * u);
            rgb[c] = (byte)((upper * (1 - v)) + (lower * v) + 0.5);
        }
    }

    /// <summary>How much of a mask covers a point, 0 to 1; nothing outside.</summary>
    public static double Cover(bool[] mask, int width, int height, double x, double y)
    {
        double sum = 0;
        double column = Math.Floor(x - 0.5);
        double row = Math.Floor(y - 0.5);
        var (u, v) = (x - 0.5 - column, y - 0.5 - row);
        for (int i = 0; i < 4; i++)
        {
            double cx = column + (i % 2);
            double cy = row + (i / 2);
            if (cx >= 0 && cx < width && cy >= 0 && cy < height && mask[((int)cy * width) + (int)cx])
            {
                sum += (i % 2 == 0 ? 1 - u : u) * (i / 2 == 0 ? 1 - v : v);
            }
        }

        return sum;
    }

    static (int Low, int High, double Part) Between(double at, int extent)
    {
        double clamped = Math.Clamp(at - 0.5, 0, extent - 1);
        int low = (int)clamped;
        return (low, Math.Min(low + 1, extent - 1), clamped - low);
    }
}
