namespace Engine.Runtime.Media;

/// <summary>Pictures with room around them.</summary>
static class Canvas
{
    /// <summary>Value of new pixels where nothing is known: mid-grey, which encodes as 0.</summary>
    public const byte Grey = 128;

    /// <summary>The picture with margins of one value.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="margins">Pixels to add on each side.</param>
    /// <param name="value">Their red, green and blue.</param>
    public static Image Around(Image image, Margins margins, byte value = Grey)
    {
        int width = image.Width + margins.Left + margins.Right;
        int height = image.Height + margins.Top + margins.Bottom;
        return new Image(width, height, Place(image.Rgb, 3 * image.Width, image.Height, 3 * width, height, 3 * margins.Left, margins.Top, value));
    }

    /// <summary>The mask with white margins: they are made anew.</summary>
    public static Mask Around(Mask mask, Margins margins)
    {
        int width = mask.Width + margins.Left + margins.Right;
        int height = mask.Height + margins.Top + margins.Bottom;
        return new Mask(width, height, Place(mask.Values, mask.Width, mask.Height, width, height, margins.Left, margins.Top, byte.MaxValue));
    }

    static byte[] Place(byte[] from, int columns, int rows, int width, int height, int left, int top, byte value)
    {
        var into = new byte[checked(width * height)];
        Array.Fill(into, value);
        for (int y = 0; y < rows; y++)
        {
            from.AsSpan(y * columns, columns).CopyTo(into.AsSpan(((top + y) * width) + left));
        }

        return into;
    }
}
