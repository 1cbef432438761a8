using System.Numerics;
using Engine.Runtime.Media;

namespace Engine.Runtime.Motion;

/// <summary>Colours between pixels.</summary>
static class Bilinear
{
    /// <summary>The colour at a point, (0.5, 0.5) being the middle of the first pixel; the border is repeated outside.</summary>
    public static void Sample(Image picture, double x, double y, Span<byte> rgb)
    {
        var across = Between(x, picture.Width);
        var down = Between(y, picture.Height);
        for (int c = 0; c < 3; c++)
        {
            rgb[c] = (byte)(Sample<byte>(picture.Rgb, picture.Width, across, down, c) + 0.5);
        }
    }

    /// <summary>A channel's value between four cells of [H, W, 3].</summary>
    /// <param name="values">The values.</param>
    /// <param name="width">W.</param>
    /// <param name="across">Columns, of <see cref="Between"/>.</param>
    /// <param name="down">Rows, of <see cref="Between"/>.</param>
    /// <param name="channel">The channel.</param>
    public static double Sample<T>(
        ReadOnlySpan<T> values, int width, (int Low, int High, double Part) across, (int Low, int High, double Part) down, int channel)
        where T : INumberBase<T>
    {
        double upper = Mix(values, down.Low);
        double lower = Mix(values, down.High);
        return (upper * (1 - down.Part)) + (lower * down.Part);

        double Mix(ReadOnlySpan<T> all, int row) =>
            (At(all, row, across.Low) * (1 - across.Part)) + (At(all, row, across.High) * across.Part);

        double At(ReadOnlySpan<T> all, int row, int column) => double.CreateChecked(all[(((row * width) + column) * 3) + channel]);
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

    /// <summary>The cells on both sides of a place, 0.5 being the middle of the first, and the share of the higher; ends are repeated outside.</summary>
    public static (int Low, int High, double Part) Between(double at, int extent)
    {
        double clamped = Math.Clamp(at - 0.5, 0, extent - 1);
        int low = (int)clamped;
        return (low, Math.Min(low + 1, extent - 1), clamped - low);
    }
}
