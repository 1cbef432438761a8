using Engine.Kernels;

namespace Engine.Model.Vae.Tiling;

/// <summary>A frame cut into tiles along both sides: moves tiles between planes and spools.</summary>
sealed class TileGrid
{
    readonly TileAxis _rows;
    readonly TileAxis _columns;
    readonly float[] _weights;
    readonly HostMirror _host = new();

    /// <param name="height">Height of the frame, latents.</param>
    /// <param name="width">Width of the frame, latents.</param>
    /// <param name="tiling">How to cut.</param>
    /// <param name="scale">Points of the result per latent.</param>
    public TileGrid(int height, int width, VaeTiling tiling, int scale)
    {
        tiling.Validate();
        _rows = new TileAxis(height, tiling.TileHeight, tiling.Halo);
        _columns = new TileAxis(width, tiling.TileWidth, tiling.Halo);
        _weights = new float[_columns.Extent * scale];
    }

    /// <summary>Number of tiles.</summary>
    public int Count => _rows.Count * _columns.Count;

    /// <summary>Height of every tile, latents.</summary>
    public int Height => _rows.Extent;

    /// <summary>Width of every tile, latents.</summary>
    public int Width => _columns.Extent;

    /// <summary>Fills a plane with a tile of a spooled frame.</summary>
    /// <param name="spool">Frames in.</param>
    /// <param name="frame">Which.</param>
    /// <param name="tile">Tile.</param>
    /// <param name="scale">Pixels of the spool per latent.</param>
    /// <param name="plane">Receives the tile; no border.</param>
    public void Load(Spool spool, int frame, int tile, int scale, Plane plane)
    {
        if (plane.Values.Device.IsDry)
        {
            return;
        }

        int top = Top(tile) * scale;
        int left = Left(tile) * scale;
        var values = _host.ToWrite(plane.Values);
        for (int y = 0; y < plane.Height; y++)
        {
            spool.Read(frame, top + y, left, Row(values, plane, y));
        }

        _host.Written(plane.Values);
    }

    /// <summary>Adds a tile to a spooled frame, blended with its neighbours.</summary>
    /// <param name="spool">Frames out.</param>
    /// <param name="frame">Which.</param>
    /// <param name="tile">Tile.</param>
    /// <param name="scale">Pixels of the spool per latent.</param>
    /// <param name="plane">The tile; no border.</param>
    public void Blend(Spool spool, int frame, int tile, int scale, Plane plane)
    {
        if (plane.Values.Device.IsDry)
        {
            return;
        }

        int top = Top(tile) * scale;
        int left = Left(tile) * scale;

        // Points without weight lie at the ends and are left out.
        int from = plane.Width, to = 0;
        for (int x = 0; x < plane.Width; x++)
        {
            _weights[x] = _columns.Weight(tile % _columns.Count, left + x, scale);
            if (_weights[x] > 0)
            {
                from = Math.Min(from, x);
                to = x + 1;
            }
        }

        var all = _host.Read(plane.Values);
        for (int y = 0; y < plane.Height; y++)
        {
            float weight = _rows.Weight(tile / _columns.Count, top + y, scale);
            if (weight > 0)
            {
                var values = Row(all, plane, y)[(from * plane.Channels)..(to * plane.Channels)];
                spool.Add(frame, top + y, left + from, values, weight, _weights.AsSpan(from, to - from));
            }
        }
    }

    static Span<float> Row(Span<float> values, Plane plane, int y) => values.Slice(y * plane.Width * plane.Channels, plane.Width * plane.Channels);

    int Top(int tile) => _rows.Start(tile / _columns.Count);

    int Left(int tile) => _columns.Start(tile % _columns.Count);
}
