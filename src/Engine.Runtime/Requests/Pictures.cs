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

    /// <summary>A mask brought to a size: true where the clip is made anew (at least half white).</summary>
    public static bool[] Mask(PictureInput input, int width, int height, Action<string>? fitted = null)
    {
        Mask mask;
        if (input.Path is { } path)
        {
            mask = Media.Mask.Load(path);
        }
        else
        {
            // Grey as for files: Pillow's "L".
            var rgb = input.Rgb24.Span;
            var grey = new byte[input.Width * input.Height];
            for (int i = 0; i < grey.Length; i++)
            {
                grey[i] = (byte)(((19595 * rgb[i * 3]) + (38470 * rgb[(i * 3) + 1]) + (7471 * rgb[(i * 3) + 2]) + 32768) >> 16);
            }

            mask = new Mask(input.Width, input.Height, grey);
        }

        var (fittedMask, done) = ImageFit.Cover(mask, width, height, input.ToString());
        if (done is not null)
        {
            fitted?.Invoke(done);
        }

        return Array.ConvertAll(fittedMask.Values, v => v >= 128);
    }
}
