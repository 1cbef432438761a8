using Engine.Kernels;
using Engine.Runtime.Media;

namespace Engine.Runtime.Pipelines;

/// <summary>A frame to be encoded: a picture, values, or nothing known, which is mid-grey.</summary>
/// <param name="Picture">Bytes, or null.</param>
/// <param name="Mask">[H, W]; where it differs from <paramref name="Where"/> the frame is mid-grey; null keeps all of it.</param>
/// <param name="Where">Which side of the mask is kept.</param>
/// <param name="Values">[H, W, 3] in -1..1, instead of a picture.</param>
readonly record struct EncoderFrame(Image? Picture, bool[]? Mask = null, bool Where = true, float[]? Values = null)
{
    /// <summary>True when nothing of it is known.</summary>
    public bool IsGrey => Picture is null && Values is null;

    /// <summary>Checks that it fills a frame [H, W, 3].</summary>
    public void Require(Tensor frame)
    {
        if ((Picture?.Rgb.Length ?? Values!.Length) != frame.Count || (Mask is not null && Mask.Length * 3 != frame.Count))
        {
            throw new ArgumentException($"A picture of {Picture?.Width}x{Picture?.Height} does not fill a frame of {frame.Shape}.", nameof(frame));
        }
    }

    /// <summary>Writes its values [H, W, 3], -1 to 1.</summary>
    public void CopyTo(Span<float> values)
    {
        if (Values is not null)
        {
            Values.CopyTo(values);
        }
        else
        {
            // With upstream's two roundings: / 255, then 2 x - 1.
            byte[] rgb = Picture!.Rgb;
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (2 * (rgb[i] / 255f)) - 1;
            }
        }

        for (int i = 0; Mask is not null && i < Mask.Length; i++)
        {
            if (Mask[i] != Where)
            {
                values.Slice(i * 3, 3).Clear();
            }
        }
    }
}
