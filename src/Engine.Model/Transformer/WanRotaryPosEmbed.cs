using Engine.Kernels;

namespace Engine.Model.Transformer;

/// <summary>Rotary tables over a grid of patches: the head's pairs are shared out to frame, row and column.</summary>
/// <remarks>
/// Port of WanRotaryPosEmbed, src/diffusers/models/transformers/transformer_wan.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Of a head of D values, rows and columns get 2 (D / 6) each and frames
/// the rest (44, 42, 42 of 128). Angles are computed in f64 and their cosines and sines rounded to f32.
/// The tables of the last grid are kept.
/// </remarks>
sealed class WanRotaryPosEmbed : IDisposable
{
    const double Theta = 10000;

    readonly Device _device;
    readonly int _headDim;
    readonly int _longest;
    (int T, int H, int W) _grid;
    Tensor _cos;
    Tensor _sin;

    /// <summary>Makes an embedding without tables.</summary>
    public WanRotaryPosEmbed(Device device, int headDim, int longest)
    {
        _device = device;
        _headDim = headDim;
        _longest = longest;
    }

    /// <summary>Bytes that the tables of a grid take.</summary>
    public long Bytes((int T, int H, int W) grid) => (long)grid.T * grid.H * grid.W * _headDim * sizeof(float);

    /// <summary>Tables [L, D/2] for a grid of patches, tokens in the order t, h, w; valid until another grid is asked for.</summary>
    public (Tensor Cos, Tensor Sin) For((int T, int H, int W) grid)
    {
        if (_cos.IsEmpty || grid != _grid)
        {
            Require(grid);
            Dispose();
            int tokens = grid.T * grid.H * grid.W;
            _cos = _device.NewTensor([tokens, _headDim / 2]);
            _sin = _device.NewTensor([tokens, _headDim / 2]);
            _grid = grid;
            if (!_device.IsDry)
            {
                Fill();
            }
        }

        return (_cos, _sin);
    }

    /// <summary>Frees the tables.</summary>
    public void Dispose()
    {
        _cos.Dispose();
        _sin.Dispose();
        _cos = default;
        _sin = default;
    }

    void Require((int T, int H, int W) grid)
    {
        if (Math.Max(grid.T, Math.Max(grid.H, grid.W)) > _longest)
        {
            throw new EngineException(ErrorKind.BadRequest, $"The clip is {grid.T} x {grid.H} x {grid.W} patches (frames, rows, columns), and this model knows positions up to {_longest} on each axis; ask for fewer frames or a smaller picture.");
        }
    }

    void Fill()
    {
        int side = 2 * (_headDim / 6);
        int time = _headDim - (2 * side);
        Tables t = new(_grid.T, time);
        Tables h = new(_grid.H, side);
        Tables w = new(_grid.W, side);
        var cos = new float[_cos.Count];
        var sin = new float[_sin.Count];
        int at = 0;
        for (int frame = 0; frame < _grid.T; frame++)
        {
            for (int row = 0; row < _grid.H; row++)
            {
                for (int column = 0; column < _grid.W; column++)
                {
                    at += t.CopyTo(frame, cos.AsSpan(at), sin.AsSpan(at));
                    at += h.CopyTo(row, cos.AsSpan(at), sin.AsSpan(at));
                    at += w.CopyTo(column, cos.AsSpan(at), sin.AsSpan(at));
                }
            }
        }

        _cos.CopyFrom(cos);
        _sin.CopyFrom(sin);
    }

    /// <summary>Cosines and sines of one axis, [positions, dim / 2].</summary>
    sealed class Tables
    {
        readonly int _pairs;
        readonly float[] _cos;
        readonly float[] _sin;

        public Tables(int positions, int dim)
        {
            _pairs = dim / 2;
            _cos = new float[positions * _pairs];
            _sin = new float[positions * _pairs];
            for (int position = 0; position < positions; position++)
            {
                for (int i = 0; i < _pairs; i++)
                {
                    double angle = position * (1.0 / Math.Pow(Theta, 2.0 * i / dim));
                    _cos[(position * _pairs) + i] = (float)Math.Cos(angle);
                    _sin[(position * _pairs) + i] = (float)Math.Sin(angle);
                }
            }
        }

        public int CopyTo(int position, Span<float> cos, Span<float> sin)
        {
            _cos.AsSpan(position * _pairs, _pairs).CopyTo(cos);
            _sin.AsSpan(position * _pairs, _pairs).CopyTo(sin);
            return _pairs;
        }
    }
}
