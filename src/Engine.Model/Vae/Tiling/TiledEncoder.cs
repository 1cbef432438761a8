using Engine.Kernels;
using Engine.Model.Vae.Layers;

namespace Engine.Model.Vae.Tiling;

/// <summary>Encodes frames too large to be encoded whole: pixels are put aside, the levels run tile by tile at the end, then the trunk whole.</summary>
sealed class TiledEncoder : VaeEncoder
{
    readonly EncoderNet _net;
    readonly VaeTiling _tiling;
    readonly Device _device;
    readonly TileGrid _grid;
    Spool? _pixels;
    int _frames;

    public TiledEncoder(EncoderNet net, VaeConfig config, Device device, int height, int width, VaeTiling tiling)
        : base(config, height, width)
    {
        _net = net;
        _tiling = tiling;
        _device = device;
        _grid = new TileGrid(LatentHeight, LatentWidth, tiling, scale: 1);
    }

    public override void Finish(LatentSink sink, Action<int, int>? progress = null)
    {
        if (_pixels is null)
        {
            return;
        }

        using var features = new Spool(_device, _tiling.Folder, LatentHeight, LatentWidth, _net.TrunkChannels);
        EncodeTiles(features, progress);
        RunTrunk(features, sink);
        Reset();
    }

    public override void Reset()
    {
        _pixels?.Dispose();
        _pixels = null;
        _frames = 0;
        Groups = 0;
    }

    private protected override void Encode(Tensor frames, LatentSink sink)
    {
        _pixels ??= new Spool(_device, _tiling.Folder, Height, Width, 3);
        for (int i = 0; i < frames.Shape[0]; i++, _frames++)
        {
            _pixels.Write(_frames, frames[i]);
        }
    }

    protected override void Dispose(bool disposing) => Reset();

    void EncodeTiles(Spool features, Action<int, int>? progress)
    {
        int scale = Config.SpatialFactor;
        using var pass = new VaePass(_device, _net.Slots);
        using var group = _device.NewTensor([Config.TemporalFactor, _grid.Height * scale, _grid.Width * scale, 3]);
        var states = _net.NewState();
        for (int tile = 0; tile < _grid.Count; tile++)
        {
            pass.Reset();
            for (int t = 0, frame = 0; t < Groups; t++)
            {
                int count = t == 0 ? 1 : Config.TemporalFactor;
                for (int i = 0; i < count; i++, frame++)
                {
                    _grid.Load(_pixels!, frame, tile, scale, new Plane(group[i]));
                }

                using var scope = pass.Scratch.Scope();
                var made = pass.Take(_grid.Height, _grid.Width, _net.TrunkChannels);
                _net.DownGroup(pass, group.Slice(0, count), states, made);
                _grid.Blend(features, t, tile, scale: 1, made);
                pass.IsFirst = false;
                progress?.Invoke((tile * Groups) + t + 1, _grid.Count * Groups);
            }
        }
    }

    void RunTrunk(Spool features, LatentSink sink)
    {
        using var pass = new VaePass(_device, _net.Slots);
        using var latent = _device.NewTensor([Config.ZDim, 1, LatentHeight, LatentWidth]);
        for (int t = 0; t < Groups; t++)
        {
            using var scope = pass.Scratch.Scope();
            var whole = pass.Take(LatentHeight, LatentWidth, _net.TrunkChannels);
            features.Read(t, whole.Values);
            _net.Trunk(pass, whole, latent.Reshape([Config.ZDim, LatentHeight, LatentWidth]));
            pass.IsFirst = false;
            sink(latent);
        }
    }
}
