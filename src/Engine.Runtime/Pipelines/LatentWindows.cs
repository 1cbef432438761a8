namespace Engine.Runtime.Pipelines;

/// <summary>Overlapping windows over the frames of a latent, and how much each counts at each frame.</summary>
/// <remarks>
/// Windows of one length, spread evenly, so that two neighbours share at least the overlap asked for. Over the overlap a window's
/// weight rises from 0 as a smoothstep and falls again at its end; at every frame the weights sum to 1. What a window makes of its own
/// first frame does not count, but in the first window: the model takes that place for the latent of a single picture, as which every
/// clip of this VAE starts (4n + 1), and a frame in the middle of a clip is none.
/// After MultiDiffusion (Bar-Tal et al., arXiv 2302.08113); windows that stay where they are as static_standard of context_windows/context.py
/// in kijai/ComfyUI-WanVideoWrapper @ 523b35805813feaaa3bd76a79d5652dda0583176 (Apache-2.0) has them, but evenly spread.
/// Rotary positions count from the window's first frame; only their differences matter.
/// </remarks>
sealed class LatentWindows
{
    readonly float[][] _weights;

    /// <summary>Spreads windows.</summary>
    /// <param name="frames">Latent frames of the clip, without those in front.</param>
    /// <param name="window">Latent frames of a window, without those in front.</param>
    /// <param name="overlap">Latent frames that two neighbours share at least.</param>
    /// <param name="lead">Latent frames in front of the clip that every window sees (reference pictures).</param>
    public LatentWindows(int frames, int window, int overlap, int lead)
    {
        Window = Math.Min(window, frames);
        Lead = lead;
        overlap = Math.Clamp(overlap, 1, Math.Max(1, Window - 1));
        int count = frames <= Window ? 1 : 1 + (int)Math.Ceiling((frames - Window) / (double)(Window - overlap));
        Starts = [.. Enumerable.Range(0, count).Select(k => count == 1 ? 0 : (int)((((long)k * (frames - Window)) + ((count - 1) / 2)) / (count - 1)))];
        _weights = Weights(Starts, frames, Window, overlap);
    }

    /// <summary>First frame of each window, counted without those in front.</summary>
    public IReadOnlyList<int> Starts { get; }

    /// <summary>Latent frames of a window, without those in front.</summary>
    public int Window { get; }

    /// <summary>Latent frames in front of every window.</summary>
    public int Lead { get; }

    /// <summary>How much a window counts at each of its frames, 0 to 1, without those in front.</summary>
    public IReadOnlyList<float> WeightsOf(int window) => _weights[window];

    static float[][] Weights(IReadOnlyList<int> starts, int frames, int window, int overlap)
    {
        var raw = starts.Select((_, k) => Enumerable.Range(0, window).Select(j =>
            (k == 0 ? 1 : Smooth((double)j / overlap)) * (k == starts.Count - 1 ? 1 : Smooth((double)(window - j) / overlap))).ToArray()).ToArray();
        var sums = new double[frames];
        foreach (var (k, start) in starts.Index())
        {
            for (int j = 0; j < window; j++)
            {
                sums[start + j] += raw[k][j];
            }
        }

        return [.. raw.Select((w, k) => w.Select((value, j) => (float)(value / sums[starts[k] + j])).ToArray())];
    }

    static double Smooth(double x)
    {
        x = Math.Clamp(x, 0, 1);
        return x * x * (3 - (2 * x));
    }
}
