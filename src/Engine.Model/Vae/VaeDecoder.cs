using Engine.Kernels;

namespace Engine.Model.Vae;

/// <summary>Decodes one clip, latent frame by latent frame: <see cref="Push"/> each, then <see cref="Finish"/>.</summary>
/// <remarks>Memory does not grow with the clip. Not thread-safe.</remarks>
public abstract class VaeDecoder : IDisposable
{
    private protected VaeDecoder()
    {
    }

    /// <summary>Decodes the next latent frame.</summary>
    /// <param name="latent">[Z, 1, h, w], raw (denormalised).</param>
    /// <param name="sink">
    /// Receives 1 pixel frame for the first latent frame and <see cref="VaeConfig.TemporalFactor"/> for each later one;
    /// a tiled decoder gives all frames in <see cref="Finish"/>.
    /// </param>
    public abstract void Push(Tensor latent, FrameSink sink);

    /// <summary>Ends the clip. Gives the frames that have not come out yet: none, or all of them if the decoder is tiled.</summary>
    /// <param name="sink">Receives them in groups as from <see cref="Push"/>.</param>
    /// <param name="progress">Told (steps done, steps in all) after each; may throw to cancel.</param>
    /// <exception cref="EngineException">The temporary file of a tiled decoder could not be written.</exception>
    public abstract void Finish(FrameSink sink, Action<int, int>? progress = null);

    /// <summary>Makes the decoder ready for another clip of the same size.</summary>
    public abstract void Reset();

    /// <summary>Frees caches and scratch.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    private protected static void Check(Tensor latent, int channels, int height, int width)
    {
        if (latent.Shape.Rank < 3 || latent.Shape[0] != channels || latent.Count != (long)channels * height * width)
        {
            throw new ArgumentException($"The latent frame is {latent.Shape}; expected [{channels}, 1, {height}, {width}].", nameof(latent));
        }
    }

    /// <summary>Frees caches and scratch.</summary>
    protected abstract void Dispose(bool disposing);
}
