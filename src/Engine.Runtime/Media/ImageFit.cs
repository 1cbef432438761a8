using Engine.Model.Vision;

namespace Engine.Runtime.Media;

/// <summary>Brings pictures of any size to the size of a request.</summary>
public static class ImageFit
{
    /// <summary>Scales to cover the target (Lanczos, byte for byte Pillow's) and crops the middle.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="width">Target width, pixels.</param>
    /// <param name="height">Target height, pixels.</param>
    /// <param name="name">What to call it in the description.</param>
    /// <returns>The picture, and what was done, such as "first.png: 800x600 scaled to 171x128, cropped to 128x128"; null where nothing was.</returns>
    public static (Image Image, string? Done) Cover(Image image, int width, int height, string name)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Width == width && image.Height == height)
        {
            return (image, null);
        }

        var fit = Fit.For(image.Width, image.Height, width, height);
        return (new Image(width, height, fit.Apply(image.Rgb, channels: 3)), fit.Describe(name));
    }

    /// <summary>As for pictures; the same window of the same size, so that a mask stays on what it marks.</summary>
    /// <param name="mask">The mask.</param>
    /// <param name="width">Target width, pixels.</param>
    /// <param name="height">Target height, pixels.</param>
    /// <param name="name">What to call it in the description.</param>
    /// <returns>The mask, and what was done; null where nothing was.</returns>
    public static (Mask Mask, string? Done) Cover(Mask mask, int width, int height, string name)
    {
        ArgumentNullException.ThrowIfNull(mask);
        if (mask.Width == width && mask.Height == height)
        {
            return (mask, null);
        }

        var fit = Fit.For(mask.Width, mask.Height, width, height);
        return (new Mask(width, height, fit.Apply(mask.Values, channels: 1)), fit.Describe(name));
    }

    /// <summary>Where <see cref="Cover(Image, int, int, string)"/> puts a picture: x of the result is x of the picture times a scale, less what is cropped at the left.</summary>
    /// <param name="sourceWidth">Width of the picture, pixels.</param>
    /// <param name="sourceHeight">Its height.</param>
    /// <param name="width">Target width, pixels.</param>
    /// <param name="height">Target height.</param>
    internal static (double ScaleX, double ScaleY, double Left, double Top) Window(int sourceWidth, int sourceHeight, int width, int height)
    {
        var fit = Fit.For(sourceWidth, sourceHeight, width, height);
        return (
            (double)fit.ScaledWidth / sourceWidth,
            (double)fit.ScaledHeight / sourceHeight,
            (fit.ScaledWidth - width) / 2,
            (fit.ScaledHeight - height) / 2);
    }

    /// <summary>Scales to exactly the target, whatever the proportions (Lanczos): what diffusers' image processor does by default.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="width">Target width, pixels.</param>
    /// <param name="height">Target height, pixels.</param>
    public static Image Stretch(Image image, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(image);
        return image.Width == width && image.Height == height
            ? image
            : new Image(width, height, PillowResample.Resize(image.Rgb, image.Width, image.Height, 3, width, height, PillowFilter.Lanczos));
    }

    readonly record struct Fit(int Width, int Height, long ScaledWidth, long ScaledHeight, int NewWidth, int NewHeight)
    {
        public static Fit For(int width, int height, int newWidth, int newHeight)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(newWidth, 1);
            ArgumentOutOfRangeException.ThrowIfLessThan(newHeight, 1);

            // In whole numbers: the side that decides lands exactly on the target, the other one is rounded to the nearest.
            bool wide = (long)width * newHeight >= (long)newWidth * height;
            return wide
                ? new Fit(width, height, Rounded((long)width * newHeight, height), newHeight, newWidth, newHeight)
                : new Fit(width, height, newWidth, Rounded((long)height * newWidth, width), newWidth, newHeight);
        }

        public byte[] Apply(byte[] pixels, int channels) => PillowResample.ResizeWindow(
            pixels, Width, Height, channels, ScaledWidth, ScaledHeight,
            (ScaledWidth - NewWidth) / 2, (ScaledHeight - NewHeight) / 2, NewWidth, NewHeight, PillowFilter.Lanczos);

        public string Describe(string name)
        {
            string scaled = ScaledWidth != Width || ScaledHeight != Height ? $" scaled to {ScaledWidth}x{ScaledHeight}" : "";
            string cropped = ScaledWidth != NewWidth || ScaledHeight != NewHeight ? $" cropped to {NewWidth}x{NewHeight}" : "";
            return $"{name}: {Width}x{Height}{scaled}{(scaled.Length > 0 && cropped.Length > 0 ? "," : "")}{cropped}";
        }

        static long Rounded(long numerator, long denominator) => ((2 * numerator) + denominator) / (2 * denominator);
    }
}
