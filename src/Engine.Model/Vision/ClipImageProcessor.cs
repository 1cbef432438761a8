using Engine.Kernels;

namespace Engine.Model.Vision;

/// <summary>Prepares a picture for <see cref="ClipVisionEncoder"/>: shorter side to the model's, centre crop, normalise.</summary>
/// <remarks>
/// Does what CLIPImageProcessor does, src/transformers/models/clip/image_processing_clip.py of huggingface/transformers
/// @ 06053b84c14d72e9789fbf27844a75aa89b3ded7 (Apache-2.0), through Pillow's bicubic (<see cref="PillowResample"/>).
/// </remarks>
public static class ClipImageProcessor
{
    /// <summary>Fills pixel values from a picture of any size.</summary>
    /// <param name="rgb">[height, width, 3], 8 bits each.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="config">Sizes, means and deviations.</param>
    /// <param name="pixels">Output [3, ImageSize, ImageSize].</param>
    public static void Process(ReadOnlySpan<byte> rgb, int width, int height, ImageEncoderConfig config, Tensor pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        int side = config.ImageSize;

        // The longer side is rounded down, and so is the margin that is cut off before the crop.
        long scaledWidth = width <= height ? side : (long)side * width / height;
        long scaledHeight = width <= height ? (long)side * height / width : side;
        byte[] cropped = PillowResample.ResizeWindow(
            rgb, width, height, 3, scaledWidth, scaledHeight, (scaledWidth - side) / 2, (scaledHeight - side) / 2, side, side, PillowFilter.Bicubic);
        var values = new float[3 * side * side];
        for (int c = 0; c < 3; c++)
        {
            float mean = config.ImageMean[c];
            float deviation = config.ImageStd[c];
            for (int i = 0; i < side * side; i++)
            {
                values[(c * side * side) + i] = ((float)(cropped[(i * 3) + c] * (1.0 / 255)) - mean) / deviation;
            }
        }

        pixels.CopyFrom(values);
    }
}
