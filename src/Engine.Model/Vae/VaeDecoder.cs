using Engine.Kernels;
using Engine.Model.Vae.Layers;

namespace Engine.Model.Vae;

/// <summary>Decodes one clip, latent frame by latent frame.</summary>
/// <remarks>
/// Memory: two earlier frames at the input of every causal convolution, and scratch for one frame; none of it grows with the clip.
/// Planes are made during the first three latent frames and reused afterwards. Not thread-safe.
/// </remarks>
public sealed class VaeDecoder : IDisposable
{
    readonly DecoderNet _net;
    readonly VaeConfig _config;
    readonly VaePass _pass;
    readonly FrameBuffer _output;
    readonly int _height;
    readonly int _width;

    internal VaeDecoder(DecoderNet net, VaeConfig config, Device device, int latentHeight, int latentWidth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(latentHeight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(latentWidth, 1);
        _net = net;
        _config = config;
        _height = latentHeight;
        _width = latentWidth;
        _pass = new VaePass(device, net.Slots);
        int factor = config.SpatialFactor;
        _output = new FrameBuffer(device, config.TemporalFactor, latentHeight * factor, latentWidth * factor, net.Colours);
    }

    /// <summary>Decodes the next latent frame: 1 pixel frame for the first, <see cref="VaeConfig.TemporalFactor"/> for each later one.</summary>
    /// <param name="latent">[Z, 1, h, w], raw (denormalised).</param>
    /// <param name="sink">Receives the frames.</param>
    public void Push(Tensor latent, FrameSink sink)
    {
        if (latent.Count != (long)_config.ZDim * _height * _width || latent.Shape[0] != _config.ZDim)
        {
            throw new ArgumentException($"The latent frame is {latent.Shape}; expected [{_config.ZDim}, 1, {_height}, {_width}].", nameof(latent));
        }

        using (_pass.Scratch.Scope())
        {
            var features = _pass.Take(_height, _width, _net.TrunkChannels);
            _net.Trunk(_pass, latent.Reshape([_config.ZDim, _height, _width]), features);
            _output.Clear();
            _net.Up(_pass, features, 0, _output);
        }

        _pass.IsFirst = false;
        sink(_output.Filled);
    }

    /// <summary>Makes the decoder ready for another clip of the same size; its memory is kept.</summary>
    public void Reset() => _pass.Reset();

    /// <summary>Frees caches and scratch.</summary>
    public void Dispose()
    {
        _pass.Dispose();
        _output.Dispose();
    }
}
