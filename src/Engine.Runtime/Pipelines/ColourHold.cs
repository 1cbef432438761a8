using Engine.Kernels;

namespace Engine.Runtime.Pipelines;

/// <summary>Keeps the colours of a clip from wandering off while it is extended again and again.</summary>
/// <remarks>
/// Each new latent frame is shifted, channel by channel, by what most places of it differ from the frames it goes on from: the median over
/// the plane, which things that move do not change, as long as more than half of the picture stays. What a scene changes by itself (a
/// pan, a sunset) is more than a model's drift; a shift is therefore never larger than <see cref="Most"/>.
/// </remarks>
static class ColourHold
{
    /// <summary>Largest shift, in units of the normalised latents (whose spread is about 1).</summary>
    public const float Most = 0.5f;

    /// <summary>Shifts the new frames of a part in place.</summary>
    /// <param name="made">The part [C, T, h, w]; its first frames are those it goes on from.</param>
    /// <param name="given">How many those are.</param>
    public static void Apply(Tensor made, int given)
    {
        var shape = made.Shape;
        int plane = shape[2] * shape[3];
        float[] values = made.ToArray();
        var reference = new float[plane];
        var differences = new float[plane];
        for (int c = 0; c < shape[0]; c++)
        {
            var channel = values.AsSpan(c * shape[1] * plane, shape[1] * plane);
            channel.Slice((given - 1) * plane, plane).CopyTo(reference);
            for (int t = given; t < shape[1]; t++)
            {
                var frame = channel.Slice(t * plane, plane);
                for (int i = 0; i < plane; i++)
                {
                    differences[i] = frame[i] - reference[i];
                }

                float shift = Math.Clamp(Median(differences), -Most, Most);
                for (int i = 0; i < plane; i++)
                {
                    frame[i] -= shift;
                }
            }
        }

        made.CopyFrom(values);
    }

    static float Median(float[] values)
    {
        Array.Sort(values);
        int half = values.Length / 2;
        return values.Length % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    }
}
