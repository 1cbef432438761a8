using Engine.Runtime.Media;

namespace Engine.Runtime.Motion;

/// <summary>A picture to draw on, in coordinates of the clip.</summary>
sealed class Drawing
{
    readonly double _scale;
    readonly double _left;
    readonly double _top;

    /// <summary>A canvas of one colour.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="scale">Pixels of the canvas in a pixel of the clip.</param>
    /// <param name="left">Where the clip's left edge is.</param>
    /// <param name="top">Where its top edge is.</param>
    public Drawing(int width, int height, double scale, double left, double top)
    {
        Picture = new Image(width, height, new byte[width * height * 3]);
        Picture.Rgb.AsSpan().Fill(40);
        (_scale, _left, _top) = (scale, left, top);
    }

    /// <summary>What was drawn.</summary>
    public Image Picture { get; }

    /// <summary>Draws a frame of the clip.</summary>
    public void Draw(Image frame)
    {
        for (int i = 0; i < Picture.Width * Picture.Height; i++)
        {
            var (x, y) = Back(i);
            if (x >= 0 && x < frame.Width && y >= 0 && y < frame.Height)
            {
                Bilinear.Sample(frame, x, y, Picture.Rgb.AsSpan(i * 3, 3));
            }
        }
    }

    /// <summary>Tints what a shape covers; the shape is asked in coordinates of the clip.</summary>
    public void Tint(Func<double, double, bool> shape, (byte R, byte G, byte B) colour, double strength)
    {
        for (int i = 0; i < Picture.Width * Picture.Height; i++)
        {
            var (x, y) = Back(i);
            if (shape(x, y))
            {
                Blend(i, colour, strength);
            }
        }
    }

    /// <summary>Diagonal stripes over what a shape covers.</summary>
    public void Hatch(Func<double, double, bool> shape, (byte R, byte G, byte B) colour)
    {
        const int Spacing = 12;
        const int Thickness = 3;
        for (int i = 0; i < Picture.Width * Picture.Height; i++)
        {
            var (x, y) = Back(i);
            if (((i % Picture.Width) + (i / Picture.Width)) % Spacing < Thickness && shape(x, y))
            {
                Blend(i, colour, 0.8);
            }
        }
    }

    /// <summary>A line through points, with an arrow at its end.</summary>
    public void Line(IReadOnlyList<(double X, double Y)> points, (byte R, byte G, byte B) colour, double width, bool arrow = false)
    {
        (double X, double Y)[] on = [.. points.Select(p => ((p.X * _scale) + _left, (p.Y * _scale) + _top))];
        for (int i = 1; i < on.Length; i++)
        {
            Segment(on[i - 1], on[i], colour, width);
        }

        if (!arrow || on.Length < 2)
        {
            return;
        }

        // The direction is taken some way back, so that a short last piece does not turn the head.
        var end = on[^1];
        var from = on.LastOrDefault(p => Math.Abs(p.X - end.X) + Math.Abs(p.Y - end.Y) > 3 * width, on[0]);
        double angle = Math.Atan2(end.Y - from.Y, end.X - from.X);
        double length = 4.5 * width;
        foreach (double side in (double[])[2.6, -2.6])
        {
            Segment(end, (end.X + (length * Math.Cos(angle + side)), end.Y + (length * Math.Sin(angle + side))), colour, width);
        }
    }

    /// <summary>A filled disc.</summary>
    /// <param name="x">Middle, in coordinates of the clip.</param>
    /// <param name="y">Middle, in coordinates of the clip.</param>
    /// <param name="colour">Colour.</param>
    /// <param name="radius">Pixels of the canvas.</param>
    public void Dot(double x, double y, (byte R, byte G, byte B) colour, double radius)
    {
        var at = ((x * _scale) + _left, (y * _scale) + _top);
        Segment(at, at, colour, 2 * radius);
    }

    (double X, double Y) Back(int i) => (((i % Picture.Width) + 0.5 - _left) / _scale, ((i / Picture.Width) + 0.5 - _top) / _scale);

    void Segment((double X, double Y) a, (double X, double Y) b, (byte R, byte G, byte B) colour, double width)
    {
        double reach = (width / 2) + 1;
        int left = (int)Math.Clamp(Math.Min(a.X, b.X) - reach, 0, Picture.Width);
        int right = (int)Math.Clamp(Math.Max(a.X, b.X) + reach + 1, 0, Picture.Width);
        int top = (int)Math.Clamp(Math.Min(a.Y, b.Y) - reach, 0, Picture.Height);
        int bottom = (int)Math.Clamp(Math.Max(a.Y, b.Y) + reach + 1, 0, Picture.Height);
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                double inside = (width / 2) + 0.5 - Stroke.Distance(x + 0.5, y + 0.5, a, b);
                Blend((y * Picture.Width) + x, colour, Math.Clamp(inside, 0, 1));
            }
        }
    }

    void Blend(int i, (byte R, byte G, byte B) colour, double strength)
    {
        var rgb = Picture.Rgb.AsSpan(i * 3, 3);
        rgb[0] = (byte)(rgb[0] + ((colour.R - rgb[0]) * strength) + 0.5);
        rgb[1] = (byte)(rgb[1] + ((colour.G - rgb[1]) * strength) + 0.5);
        rgb[2] = (byte)(rgb[2] + ((colour.B - rgb[2]) * strength) + 0.5);
    }
}
