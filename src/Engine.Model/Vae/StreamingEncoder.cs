using Engine.Kernels;
using Engine.Model.Vae.Layers;

namespace Engine.Model.Vae;

/// <summary>Encodes whole frames; a latent frame leaves as soon as it is made. Memory is like the decoder's.</summary>
sealed class StreamingEncoder : VaeEncoder
{
    readonly EncoderNet _net;
    readonly VaePass _pass;
    readonly DownState[] _states;
    readonly Tensor _latent;

    public StreamingEncoder(EncoderNet net, VaeConfig config, Device device, int height, int width, long largePlane)
        : base(config, height, width)
    {
        _net = net;
        _pass = new VaePass(device, net.Slots, largePlane);
        _states = net.NewState();
        _latent = device.NewTensor([config.ZDim, 1, LatentHeight, LatentWidth]);
    }

    public override void Finish(LatentSink sink, Action<int, int>? progress = null)
    {
    }

    public override void Reset()
    {
        _pass.Reset();
        Groups = 0;
    }

    private protected override void Encode(Tensor frames, LatentSink sink)
    {
        using (_pass.Scratch.Scope())
        {
            var features = _pass.Take(LatentHeight, LatentWidth, _net.TrunkChannels);
            _net.DownGroup(_pass, frames, _states, features);
            _net.Trunk(_pass, features, _latent.Reshape([Config.ZDim, LatentHeight, LatentWidth]));
        }

        _pass.IsFirst = false;
        sink(_latent);
    }

    protected override void Dispose(bool disposing)
    {
        _pass.Dispose();
        _latent.Dispose();
    }
}
