namespace Engine.Runtime.Media;

/// <summary>Small conversions between the pixel forms that media and models use.</summary>
public static class Pixels
{
    /// <summary>A model's samples to bytes, as diffusers does: clamp(x/2 + 0.5, 0, 1) * 255, rounded to the nearest, ties to even.</summary>
    /// <param name="samples">-1 to 1 (beyond is clamped), any layout.</param>
    /// <param name="bytes">As many bytes; NaN becomes 0.</param>
    public static void ToBytes(ReadOnlySpan<float> samples, Span<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, samples.Length, nameof(bytes));
        for (int i = 0; i < samples.Length; i++)
        {
            // Math.Max is not used: it would carry a NaN through to an undefined cast.
            float unit = (samples[i] * 0.5f) + 0.5f;
            unit = unit > 0 ? Math.Min(unit, 1) : 0;
            bytes[i] = (byte)MathF.Round(unit * 255, MidpointRounding.ToEven);
        }
    }

    /// <summary>Bytes to a model's samples, as diffusers does: 2 * (x / 255) - 1 in f32.</summary>
    /// <param name="bytes">0 to 255, any layout.</param>
    /// <param name="samples">As many samples, -1 to 1.</param>
    public static void ToSamples(ReadOnlySpan<byte> bytes, Span<float> samples)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(samples.Length, bytes.Length, nameof(samples));
        for (int i = 0; i < bytes.Length; i++)
        {
            samples[i] = (2 * (bytes[i] / 255f)) - 1;
        }
    }

    internal static byte[] OverWhite(ReadOnlySpan<byte> rgba)
    {
        var rgb = new byte[rgba.Length / 4 * 3];
        for (int i = 0, o = 0; i < rgba.Length; i += 4, o += 3)
        {
            int alpha = rgba[i + 3];
            for (int c = 0; c < 3; c++)
            {
                rgb[o + c] = alpha == 255 ? rgba[i + c] : (byte)(((rgba[i + c] * alpha) + (255 * (255 - alpha)) + 127) / 255);
            }
        }

        return rgb;
    }

    internal static byte[] GreyOverBlack(ReadOnlySpan<byte> rgba)
    {
        var grey = new byte[rgba.Length / 4];
        for (int i = 0, o = 0; i < rgba.Length; i += 4, o++)
        {
            int luma = ((rgba[i] * 19595) + (rgba[i + 1] * 38470) + (rgba[i + 2] * 7471) + 0x8000) >> 16;
            grey[o] = (byte)(((luma * rgba[i + 3]) + 127) / 255);
        }

        return grey;
    }
}
