using Engine.Runtime.Media;

namespace Engine.Runtime;

/// <summary>Pictures of a request as pixels.</summary>
static class Pictures
{
    /// <summary>The picture at its own size.</summary>
    /// <exception cref="Engine.Kernels.EngineException">It cannot be read.</exception>
    public static Image Load(PictureInput input) =>
        input.Path is { } path ? Image.Load(path) : new Image(input.Width, input.Height, input.Rgb24.ToArray());

    /// <summary>The picture brought to a size.</summary>
    public static Image Fit(PictureInput input, int width, int height, Action<string>? fitted = null)
    {
        var (image, done) = ImageFit.Cover(Load(input), width, height, input.ToString());
        if (done is not null)
        {
            fitted?.Invoke(done);
        }

        return image;
    }

    /// <summary>A picture as a mask: grey as Pillow's "L" has it.</summary>
    public static Mask Grey(Image image)
    {
        var rgb = image.Rgb;
        var grey = new byte[image.Width * image.Height];
        for (int i = 0; i < grey.Length; i++)
        {
            grey[i] = (byte)(((19595 * rgb[i * 3]) + (38470 * rgb[(i * 3) + 1]) + (7471 * rgb[(i * 3) + 2]) + 32768) >> 16);
        }

        return new Mask(image.Width, image.Height, grey);
    }

    /// <summary>The picture as grey values at its own size.</summary>
    /// <exception cref="Engine.Kernels.EngineException">It cannot be read.</exception>
    public static Mask Grey(PictureInput input) => input.Path is { } path ? Mask.Load(path) : Grey(Load(input));
}
