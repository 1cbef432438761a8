using Engine.Kernels;
using Engine.Model.Vae.Layers;

namespace Engine.Model.Vae.Tiling;

/// <summary>Decodes frames too large to be decoded whole: the trunk whole while latents come in, the levels tile by tile at the end.</summary>
sealed class TiledDecoder : VaeDecoder
{
    readonly DecoderNet _net;
    readonly VaeConfig _config;
    readonly VaeTiling _tiling;
    readonly Device _device;
    readonly TileGrid _grid;
    readonly int _height;
    readonly int _width;
    VaePass? _trunk;
    Spool? _features;
    int _frames;

    public TiledDecoder(DecoderNet net, VaeConfig config, Device device, int height, int width, VaeTiling tiling)
    {
        _net = net;
        _config = config;
        _tiling = tiling;
        _device = device;
        _height = height;
        _width = width;
        _grid = new TileGrid(height, width, tiling, config.SpatialFactor);
    }

    public override void Push(Tensor latent, FrameSink sink)
    {
        Check(latent, _net.ZDim, _height, _width);
        _trunk ??= new VaePass(_device, _net.Slots);
        _features ??= new Spool(_device, _tiling.Folder, _height, _width, _net.TrunkChannels);
        using var scope = _trunk.Scratch.Scope();
        var features = _trunk.Take(_height, _width, _net.TrunkChannels);
        _net.Trunk(_trunk, latent.Reshape([_net.ZDim, _height, _width]), features);
        _features.Write(_frames, features.Values);
        _trunk.IsFirst = false;
        _frames++;
    }

    public override void Finish(FrameSink sink, Action<int, int>? progress = null)
    {
        if (_features is null)
        {
            return;
        }

        // The trunk's caches go before the tiles' come.
        _trunk?.Dispose();
        _trunk = null;
        int scale = _config.SpatialFactor;
        using var pixels = new Spool(_device, _tiling.Folder, _height * scale, _width * scale, _net.Colours);
        DecodeTiles(pixels, progress);
        Emit(pixels, sink);
        Reset();
    }

    public override void Reset()
    {
        _trunk?.Dispose();
        _features?.Dispose();
        _trunk = null;
        _features = null;
        _frames = 0;
    }

    protected override void Dispose(bool disposing) => Reset();

    void DecodeTiles(Spool pixels, Action<int, int>? progress)
    {
        int scale = _config.SpatialFactor;
        using var pass = new VaePass(_device, _net.Slots);
        using var output = new FrameBuffer(_device, _config.TemporalFactor, _grid.Height * scale, _grid.Width * scale, _net.Colours);
        for (int tile = 0; tile < _grid.Count; tile++)
        {
            pass.Reset();
            for (int t = 0, frame = 0; t < _frames; t++)
            {
                using (pass.Scratch.Scope())
                {
                    var x = pass.Take(_grid.Height, _grid.Width, _net.TrunkChannels);
                    _grid.Load(_features!, t, tile, 1, x);
                    output.Clear();
                    _net.Up(pass, new Frames(x), 0, output);
                }

                pass.IsFirst = false;
                for (int i = 0; i < output.Count; i++, frame++)
                {
                    _grid.Blend(pixels, frame, tile, scale, new Plane(output.Filled[i]));
                }

                progress?.Invoke((tile * _frames) + t + 1, _grid.Count * _frames);
            }
        }
    }

    void Emit(Spool pixels, FrameSink sink)
    {
        int height = _height * _config.SpatialFactor;
        int width = _width * _config.SpatialFactor;
        using var output = new FrameBuffer(_device, _config.TemporalFactor, height, width, _net.Colours);
        for (int t = 0, frame = 0; t < _frames; t++)
        {
            output.Clear();
            for (int i = 0; i < (t == 0 ? 1 : _config.TemporalFactor); i++, frame++)
            {
                pixels.Read(frame, output.Next().Values);
            }

            sink(output.Filled);
        }
    }
}
