namespace Engine.Runtime.Motion;

/// <summary>Draws round brushes into masks.</summary>
static class Stroke
{
    /// <summary>Marks every pixel whose centre is within half the brush of the line through some points.</summary>
    /// <param name="points">One point is a disc.</param>
    /// <param name="diameter">Pixels.</param>
    /// <param name="width">W.</param>
    /// <param name="height">H.</param>
    /// <returns>[H, W].</returns>
    public static bool[] Draw(IReadOnlyList<(double X, double Y)> points, double diameter, int width, int height)
    {
        var mask = new bool[height * width];

        // A disc of less than a pixel still marks the pixel that it is in.
        double radius = Math.Max(diameter / 2, Math.Sqrt(0.5));
        for (int i = 0; i < points.Count; i++)
        {
            var (a, b) = (points[Math.Max(0, i - 1)], points[i]);
            int left = (int)Math.Clamp(Math.Floor(Math.Min(a.X, b.X) - radius), 0, width);
            int right = (int)Math.Clamp(Math.Ceiling(Math.Max(a.X, b.X) + radius), 0, width);
            int top = (int)Math.Clamp(Math.Floor(Math.Min(a.Y, b.Y) - radius), 0, height);
            int bottom = (int)Math.Clamp(Math.Ceiling(Math.Max(a.Y, b.Y) + radius), 0, height);
            for (int y = top; y < bottom; y++)
            {
                for (int x = left; x < right; x++)
                {
                    mask[(y * width) + x] |= Distance(x + 0.5, y + 0.5, a, b) <= radius;
                }
            }
        }

        return mask;
    }

    /// <summary>Distance of a point from a line between two others.</summary>
    public static double Distance(double x, double y, (double X, double Y) a, (double X, double Y) b)
    {
        double dx = b.X - a.X;
        double dy = b.Y - a.Y;
        double length = (dx * dx) + (dy * dy);
        double along = length == 0 ? 0 : Math.Clamp((((x - a.X) * dx) + ((y - a.Y) * dy)) / length, 0, 1);
        return Math.Sqrt(Math.Pow(x - a.X - (along * dx), 2) + Math.Pow(y - a.Y - (along * dy), 2));
    }
}
