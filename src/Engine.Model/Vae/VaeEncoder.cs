using Engine.Kernels;

namespace Engine.Model.Vae;

/// <summary>Receives latent frames as they are made.</summary>
/// <param name="latent">[Z, 1, h, w] f32: the mean of the posterior, raw (not normalised); valid during the call only.</param>
public delegate void LatentSink(Tensor latent);

/// <summary>Encodes one clip, a group of frames at a time: <see cref="Push(Tensor, LatentSink)"/> each, then <see cref="Finish"/>.</summary>
/// <remarks>Memory does not grow with the clip. Not thread-safe.</remarks>
public abstract class VaeEncoder : IDisposable
{
    private protected VaeEncoder(VaeConfig config, int height, int width)
    {
        int factor = config.SpatialFactor;
        if (height < factor || width < factor || height % factor != 0 || width % factor != 0)
        {
            throw new EngineException(
                ErrorKind.BadRequest, $"The VAE cannot encode frames of {width}x{height}: width and height must be multiples of {factor}.");
        }

        Config = config;
        Height = height;
        Width = width;
    }

    private protected VaeConfig Config { get; }

    private protected int Height { get; }

    private protected int Width { get; }

    private protected int LatentHeight => Height / Config.SpatialFactor;

    private protected int LatentWidth => Width / Config.SpatialFactor;

    /// <summary>Groups pushed so far.</summary>
    private protected int Groups { get; set; }

    /// <summary>Encodes the next group of frames.</summary>
    /// <param name="frames">[n, H, W, 3] f32, -1..1; n = 1 for the first group, <see cref="VaeConfig.TemporalFactor"/> for later ones.</param>
    /// <param name="sink">Receives one latent frame per group; a tiled encoder gives all of them in <see cref="Finish"/>.</param>
    /// <exception cref="EngineException">The group has another number of frames.</exception>
    public void Push(Tensor frames, LatentSink sink)
    {
        int expected = Groups == 0 ? 1 : Config.TemporalFactor;
        if (frames.Shape.Rank != 4 || frames.Shape[0] != expected)
        {
            throw new EngineException(
                ErrorKind.BadRequest,
                $"The VAE takes 1 frame and then groups of {Config.TemporalFactor}; got frames of shape {frames.Shape} where {expected} should come. A clip has {Config.TemporalFactor}n + 1 frames.");
        }

        if (frames.Shape[1] != Height || frames.Shape[2] != Width || frames.Shape[3] != 3)
        {
            throw new ArgumentException($"Frames {frames.Shape} do not fit an encoder of {Width}x{Height}.", nameof(frames));
        }

        Encode(frames, sink);
        Groups++;
    }

    /// <summary>Encodes the next group of frames; for encoders that are not tiled.</summary>
    /// <param name="frames">As for <see cref="Push(Tensor, LatentSink)"/>.</param>
    /// <param name="latent">Receives [Z, 1, h, w].</param>
    /// <exception cref="InvalidOperationException">The encoder is tiled and gives its latents at the end.</exception>
    public void Push(Tensor frames, Tensor latent)
    {
        bool given = false;
        Push(frames, made =>
        {
            latent.CopyFrom(made);
            given = true;
        });
        if (!given)
        {
            throw new InvalidOperationException("A tiled encoder gives its latents at the end; pass a sink to Push and to Finish.");
        }
    }

    /// <summary>Ends the clip. Gives the latent frames that have not come out yet: none, or all of them if the encoder is tiled.</summary>
    /// <param name="sink">Receives them.</param>
    /// <param name="progress">Told (steps done, steps in all) after each; may throw to cancel.</param>
    /// <exception cref="EngineException">The temporary file of a tiled encoder could not be written.</exception>
    public abstract void Finish(LatentSink sink, Action<int, int>? progress = null);

    /// <summary>Makes the encoder ready for another clip of the same size.</summary>
    public abstract void Reset();

    /// <summary>Frees caches and scratch.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    private protected abstract void Encode(Tensor frames, LatentSink sink);

    /// <summary>Frees caches and scratch.</summary>
    protected abstract void Dispose(bool disposing);
}
