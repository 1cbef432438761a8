using Engine.Runtime.Media;

namespace Engine.Runtime.Pipelines;

/// <summary>Fits a reference picture inside a frame, on white.</summary>
/// <remarks>
/// Port of the handling of reference_images in WanVACEPipeline.preprocess_conditions, pipeline_wan_vace.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0): first Pillow's Lanczos to multiples of the VAE's factor, then torch's bilinear
/// interpolation (half-pixel centres, no anti-aliasing) of the values, then centred.
/// </remarks>
static class ReferencePicture
{
    /// <summary>Values [height, width, 3], -1 to 1, white around the picture.</summary>
    /// <param name="picture">At its own size.</param>
    /// <param name="width">Pixels in a row of the frame.</param>
    /// <param name="height">Rows of the frame.</param>
    /// <param name="factor">Pixels per latent, to which the picture's own size is cut first.</param>
    public static float[] Fit(Image picture, int width, int height, int factor)
    {
        picture = ImageFit.Stretch(picture, Multiple(picture.Width, factor), Multiple(picture.Height, factor));
        double scale = Math.Min((double)height / picture.Height, (double)width / picture.Width);
        int rows = Math.Max(1, (int)(picture.Height * scale));
        int columns = Math.Max(1, (int)(picture.Width * scale));
        var frame = new float[width * height * 3];
        Array.Fill(frame, 1);
        var x = Axis(picture.Width, columns);
        var y = Axis(picture.Height, rows);
        int top = (height - rows) / 2;
        int left = (width - columns) / 2;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                for (int c = 0; c < 3; c++)
                {
                    frame[((((top + row) * width) + left + column) * 3) + c] =
                        ((1 - y[row].Part) * Between(y[row].At, column, c)) + (y[row].Part * Between(y[row].Next, column, c));
                }
            }
        }

        return frame;

        float Between(int row, int column, int c)
        {
            var (at, next, part) = x[column];
            return ((1 - part) * Value(row, at, c)) + (part * Value(row, next, c));
        }

        float Value(int row, int column, int c) => (2 * (picture.Rgb[(((row * picture.Width) + column) * 3) + c] / 255f)) - 1;
    }

    // Below one latent there is nothing to cut to.
    static int Multiple(int side, int factor) => side < factor ? factor : side - (side % factor);

    static (int At, int Next, float Part)[] Axis(int from, int to)
    {
        float scale = (float)from / to;
        var axis = new (int, int, float)[to];
        for (int i = 0; i < to; i++)
        {
            float source = Math.Max((scale * (i + 0.5f)) - 0.5f, 0);
            int at = Math.Min((int)source, from - 1);
            axis[i] = (at, Math.Min(at + 1, from - 1), Math.Clamp(source - at, 0, 1));
        }

        return axis;
    }
}
