using Engine.Kernels;
using Engine.Model.Vae.Layers;

namespace Engine.Model.Vae;

/// <summary>Encodes one clip, a group of frames at a time.</summary>
/// <remarks>Memory is like the decoder's and does not grow with the clip. Not thread-safe.</remarks>
public sealed class VaeEncoder : IDisposable
{
    readonly EncoderNet _net;
    readonly VaeConfig _config;
    readonly VaePass _pass;
    readonly Plane[] _pending;
    readonly int _height;
    readonly int _width;

    internal VaeEncoder(EncoderNet net, VaeConfig config, Device device, int height, int width)
    {
        int factor = config.SpatialFactor;
        if (height < factor || width < factor || height % factor != 0 || width % factor != 0)
        {
            throw new EngineException(
                ErrorKind.BadRequest, $"The VAE cannot encode frames of {width}x{height}: width and height must be multiples of {factor}.");
        }

        _net = net;
        _config = config;
        _height = height;
        _width = width;
        _pass = new VaePass(device, net.Slots);
        _pending = new Plane[net.Levels.Length];
    }

    /// <summary>Encodes the next group of frames to one latent frame.</summary>
    /// <param name="frames">[n, H, W, 3] f32, -1..1; n = 1 for the first group, <see cref="VaeConfig.TemporalFactor"/> for later ones.</param>
    /// <param name="latent">Receives [Z, 1, h, w]: the mean of the posterior, raw (not normalised).</param>
    /// <exception cref="EngineException">The group has another number of frames.</exception>
    public void Push(Tensor frames, Tensor latent)
    {
        int expected = _pass.IsFirst ? 1 : _config.TemporalFactor;
        if (frames.Shape.Rank != 4 || frames.Shape[0] != expected)
        {
            throw new EngineException(
                ErrorKind.BadRequest,
                $"The VAE takes 1 frame and then groups of {_config.TemporalFactor}; got frames of shape {frames.Shape} where {expected} should come. A clip has {_config.TemporalFactor}n + 1 frames.");
        }

        int h = _height / _config.SpatialFactor;
        int w = _width / _config.SpatialFactor;
        if (frames.Shape[1] != _height || frames.Shape[2] != _width || latent.Count != (long)_config.ZDim * h * w)
        {
            throw new ArgumentException(
                $"Frames {frames.Shape} and latent {latent.Shape} do not fit an encoder of {_width}x{_height}: expected latent [{_config.ZDim}, 1, {h}, {w}].");
        }

        using var scope = _pass.Scratch.Scope();
        var features = _pass.Take(h, w, _net.TrunkChannels);
        for (int i = 0; i < expected; i++)
        {
            bool complete = _net.Down(_pass, new Plane(frames[i]), _pending, features);
            if (complete != (i == expected - 1))
            {
                throw new InvalidOperationException("The encoder's levels are out of step with its groups of frames.");
            }
        }

        _net.Trunk(_pass, features, latent.Reshape([_config.ZDim, h, w]));
        _pass.IsFirst = false;
    }

    /// <summary>Makes the encoder ready for another clip of the same size; its memory is kept.</summary>
    public void Reset() => _pass.Reset();

    /// <summary>Frees caches and scratch.</summary>
    public void Dispose() => _pass.Dispose();
}
