using Engine.Kernels;
using Engine.Model.Vae.Layers;

namespace Engine.Model.Vae;

/// <summary>Decodes whole frames; pixels leave as soon as they are made.</summary>
/// <remarks>
/// Memory: two earlier frames at the input of every causal convolution, and scratch for one frame.
/// Planes are made during the first three latent frames and reused afterwards.
/// </remarks>
sealed class StreamingDecoder : VaeDecoder
{
    readonly DecoderNet _net;
    readonly VaePass _pass;
    readonly FrameBuffer _output;
    readonly int _height;
    readonly int _width;

    public StreamingDecoder(DecoderNet net, VaeConfig config, Device device, int height, int width, long largePlane)
    {
        _net = net;
        _height = height;
        _width = width;
        _pass = new VaePass(device, net.Slots, largePlane);
        int factor = config.SpatialFactor;
        _output = new FrameBuffer(device, config.TemporalFactor, height * factor, width * factor, net.Colours);
    }

    public override void Push(Tensor latent, FrameSink sink)
    {
        Check(latent, _net.ZDim, _height, _width);
        using (_pass.Scratch.Scope())
        {
            var features = _pass.Take(_height, _width, _net.TrunkChannels);
            _net.Trunk(_pass, latent.Reshape([_net.ZDim, _height, _width]), features);
            _output.Clear();
            _net.Up(_pass, new Frames(features), 0, _output);
        }

        _pass.IsFirst = false;
        sink(_output.Filled);
    }

    public override void Finish(FrameSink sink, Action<int, int>? progress = null)
    {
    }

    public override void Reset() => _pass.Reset();

    protected override void Dispose(bool disposing)
    {
        _pass.Dispose();
        _output.Dispose();
    }
}
