using Engine.Runtime.Media;

namespace Engine.Runtime.Motion;

/// <summary>The first frame with its regions cut out and dragged along their paths, over a background that the camera moves across.</summary>
/// <remarks>
/// What Time-to-Move calls the motion signal: frames, and where in them something was put on purpose. Regions keep to their drawn
/// place on the screen whatever the camera does; what they leave behind is filled from around it.
/// </remarks>
sealed class DragClip
{
    // Soft edges belong to a thing a few pixels beyond its outline; they must not stay behind as a ghost.
    const int Halo = 3;

    readonly MotionScene _scene;
    readonly Region[] _regions;
    readonly Image _background;

    /// <summary>Cuts the regions out.</summary>
    /// <param name="scene">What moves.</param>
    public DragClip(MotionScene scene)
    {
        _scene = scene;
        _regions = [.. scene.Dragged()];
        var hole = new bool[scene.Width * scene.Height];
        foreach (var region in _regions)
        {
            for (int i = 0; i < hole.Length; i++)
            {
                hole[i] |= region.Mask[i];
            }
        }

        hole = Grown(hole, scene.Width, scene.Height, Halo);
        for (int i = 0; scene.Static is not null && i < hole.Length; i++)
        {
            hole[i] &= !scene.Static[i];
        }

        _background = Fill.Run(scene.First, hole);
    }

    /// <summary>One frame, and [H, W] true where what it shows is meant.</summary>
    public (Image Image, bool[] Mask) Frame(int index)
    {
        var scene = _scene;
        double time = scene.TimeOf(index);
        var (image, mask) = scene.Poses.Count == 0
            ? (new Image(scene.Width, scene.Height, [.. _background.Rgb]), new bool[scene.Width * scene.Height])
            : CameraWarp.Run(_background, scene.Poses[0], scene.Poses[index]);
        foreach (var region in _regions)
        {
            Put(region, region.At(time), image, mask);
        }

        for (int i = 0; scene.Static is not null && i < mask.Length; i++)
        {
            if (scene.Static[i])
            {
                scene.First.Rgb.AsSpan(i * 3, 3).CopyTo(image.Rgb.AsSpan(i * 3));
                mask[i] = true;
            }
        }

        return (image, mask);
    }

    void Put(Region region, Region.Pose pose, Image image, bool[] mask)
    {
        var (left, top, right, bottom) = Bounds(region, pose);
        Span<byte> colour = stackalloc byte[3];
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                var (sx, sy) = pose.Source(x + 0.5, y + 0.5);
                double cover = Bilinear.Cover(region.Mask, _scene.Width, _scene.Height, sx, sy);
                if (cover <= 0)
                {
                    continue;
                }

                int at = (y * _scene.Width) + x;
                Bilinear.Sample(_scene.First, sx, sy, colour);
                for (int c = 0; c < 3; c++)
                {
                    ref byte value = ref image.Rgb[(at * 3) + c];
                    value = (byte)((cover * colour[c]) + ((1 - cover) * value) + 0.5);
                }

                mask[at] |= cover >= 0.5;
            }
        }
    }

    (int Left, int Top, int Right, int Bottom) Bounds(Region region, Region.Pose pose)
    {
        var (l, t, r, b) = region.Bounds;
        (double X, double Y)[] corners = [pose.Target(l, t), pose.Target(r, t), pose.Target(l, b), pose.Target(r, b)];
        return (
            (int)Math.Clamp(Math.Floor(corners.Min(c => c.X)) - 1, 0, _scene.Width),
            (int)Math.Clamp(Math.Floor(corners.Min(c => c.Y)) - 1, 0, _scene.Height),
            (int)Math.Clamp(Math.Ceiling(corners.Max(c => c.X)) + 1, 0, _scene.Width),
            (int)Math.Clamp(Math.Ceiling(corners.Max(c => c.Y)) + 1, 0, _scene.Height));
    }

    static bool[] Grown(bool[] mask, int width, int height, int by)
    {
        var grown = new bool[mask.Length];
        for (int i = 0; i < mask.Length; i++)
        {
            if (!mask[i])
            {
                continue;
            }

            for (int y = Math.Max(0, (i / width) - by); y <= Math.Min(height - 1, (i / width) + by); y++)
            {
                grown.AsSpan((y * width) + Math.Max(0, (i % width) - by), Math.Min(width - 1, (i % width) + by) - Math.Max(0, (i % width) - by) + 1).Fill(true);
            }
        }

        return grown;
    }
}
