using Engine.Kernels;

namespace Engine.Runtime.Pipelines;

/// <summary>Keeps the colours of a clip from wandering off while it is extended again and again.</summary>
/// <remarks>
/// Every new latent frame is shifted, channel by channel, by what its still places differ from an anchor: the mean of the latent frames that
/// the first extension went on from. The anchor stays the same for all later ones, so that errors do not add up; two frames of it, as a
/// decoder answers a change over several frames, and one alone would be what it has not come to show yet. A place counts as still by how
/// little of the difference is left once the median over the plane is taken off, exp(-r^2 / 2 s^2) with r its root mean square over the
/// channels. Where less than <see cref="FewStill"/> of a frame is still (a pan, another scene), nothing is shifted, and above
/// <see cref="ManyStill"/> all of it. What a scene changes by itself (a sunset) beyond <see cref="Most"/> stays as it is.
/// Measured in perf/records/extension.md.
/// </remarks>
sealed class ColourHold
{
    /// <summary>Largest shift, in units of the normalised latents (whose spread is about 1).</summary>
    public const float Most = 1;

    const int AnchorFrames = 2;
    const double Spread = 0.5;
    /// <summary>Share of a frame that is still, up to which nothing is held.</summary>
    public const double FewStill = 0.1;

    /// <summary>Share of a frame that is still, from which on all of a change of colour is taken back.</summary>
    public const double ManyStill = 0.3;

    const int Passes = 2;

    readonly float[] _anchor;
    readonly int _channels;
    readonly int _plane;

    ColourHold(Tensor clip, int start, int count)
    {
        var shape = clip.Shape;
        _channels = shape[0];
        _plane = shape[2] * shape[3];
        _anchor = new float[_channels * _plane];
        float[] values = clip.ToArray();
        for (int c = 0; c < _channels; c++)
        {
            for (int t = start; t < start + count; t++)
            {
                for (int i = 0; i < _plane; i++)
                {
                    _anchor[(c * _plane) + i] += values[(((c * shape[1]) + t) * _plane) + i] / count;
                }
            }
        }
    }

    /// <summary>Holds on to the end of a part of a clip.</summary>
    /// <param name="clip">[C, T, h, w], normalised.</param>
    /// <param name="end">Latent frames of the part that is gone on from, which starts with the clip.</param>
    public static ColourHold EndOf(Tensor clip, int end)
    {
        // The latent of the very first frame has colours of its own.
        int count = Math.Clamp(end - 1, 1, AnchorFrames);
        return new ColourHold(clip, end - count, count);
    }

    /// <summary>Holds on to the start of a clip.</summary>
    /// <param name="clip">[C, T, h, w], normalised.</param>
    public static ColourHold StartOf(Tensor clip) => EndOf(clip, FramesOfStart(clip));

    /// <summary>Latent frames at the start of a clip that <see cref="StartOf"/> looks at.</summary>
    public static int FramesOfStart(Tensor clip) => Math.Min(1 + AnchorFrames, clip.Shape[1]);

    /// <summary>Shifts frames in place.</summary>
    /// <param name="made">[C, T, h, w], normalised.</param>
    /// <param name="start">First frame to shift; all after it are shifted too.</param>
    public void Apply(Tensor made, int start)
    {
        float[] values = made.ToArray();
        int stride = made.Shape[1] * _plane;
        var differences = new float[_anchor.Length];
        for (int t = start; t < made.Shape[1]; t++)
        {
            for (int i = 0; i < differences.Length; i++)
            {
                differences[i] = values[(i / _plane * stride) + (t * _plane) + (i % _plane)] - _anchor[i];
            }

            float[] shift = Shift(differences);
            for (int i = 0; i < differences.Length; i++)
            {
                values[(i / _plane * stride) + (t * _plane) + (i % _plane)] -= shift[i / _plane];
            }
        }

        made.CopyFrom(values);
    }

    /// <summary>How much of a change of colour is taken back in a frame that is still to a share, 0 to 1.</summary>
    public static double PartHeld(double still) => Math.Clamp((still - FewStill) / (ManyStill - FewStill), 0, 1);

    float[] Shift(float[] differences)
    {
        double[] shift = [.. Enumerable.Range(0, _channels).Select(c => (double)Median(differences.AsSpan(c * _plane, _plane)))];
        double share = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            double[] still = [.. Enumerable.Range(0, _plane).Select(i => Stillness(differences, shift, i))];
            double sum = still.Sum();
            share = sum / _plane;
            for (int c = 0; c < _channels && sum > 0; c++)
            {
                shift[c] = still.Select((weight, i) => weight * differences[(c * _plane) + i]).Sum() / sum;
            }
        }

        double part = PartHeld(share);
        return Array.ConvertAll(shift, s => (float)(part * Math.Clamp(s, -Most, Most)));
    }

    double Stillness(float[] differences, double[] shift, int place)
    {
        double squares = 0;
        for (int c = 0; c < _channels; c++)
        {
            double left = differences[(c * _plane) + place] - shift[c];
            squares += left * left;
        }

        return Math.Exp(-squares / _channels / (2 * Spread * Spread));
    }

    static float Median(ReadOnlySpan<float> values)
    {
        float[] sorted = values.ToArray();
        Array.Sort(sorted);
        int half = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
