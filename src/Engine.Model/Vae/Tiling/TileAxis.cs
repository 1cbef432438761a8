namespace Engine.Model.Vae.Tiling;

/// <summary>One side of a frame cut into tiles that overlap: equal extents, so that all tiles use the same memory.</summary>
/// <remarks>
/// Core i runs from edge i to edge i + 1; tile i has Halo more on each side, moved inwards at the frame's own edges. Around every inner edge
/// the weight passes linearly from one tile to the next, over half a halo on each side; further out a tile counts for nothing.
/// </remarks>
readonly struct TileAxis
{
    readonly int _length;
    readonly int _halo;

    /// <param name="length">Cells along the side.</param>
    /// <param name="tile">Most cells in a core.</param>
    /// <param name="halo">Cells that a tile sees beyond its core.</param>
    public TileAxis(int length, int tile, int halo)
    {
        _length = length;
        _halo = halo;
        Count = (length + tile - 1) / tile;
        int core = (length + Count - 1) / Count;
        Extent = Count == 1 ? length : Math.Min(length, core + (2 * halo));
    }

    /// <summary>Number of tiles.</summary>
    public int Count { get; }

    /// <summary>Cells of every tile, halo included.</summary>
    public int Extent { get; }

    /// <summary>First cell of a tile.</summary>
    public int Start(int tile) => Math.Clamp(Edge(tile) - _halo, 0, _length - Extent);

    /// <summary>Share of a tile in one point of the result, 0 to 1; over all tiles the shares make 1.</summary>
    /// <param name="tile">Tile.</param>
    /// <param name="point">Point of the result, counted from the frame's edge.</param>
    /// <param name="scale">Points per cell.</param>
    public float Weight(int tile, int point, int scale) =>
        (tile == 0 ? 1 : After(Edge(tile), point, scale)) - (tile == Count - 1 ? 0 : After(Edge(tile + 1), point, scale));

    int Edge(int tile) => (int)((long)_length * tile / Count);

    // 0 before an edge, 1 after it, a ramp between.
    float After(int edge, int point, int scale)
    {
        // A ramp wider than a core would reach past the next edge.
        float reach = Math.Min(_halo, _length / Count) / 2f * scale;
        float distance = point + 0.5f - (edge * scale);
        return reach == 0 ? (distance > 0 ? 1 : 0) : Math.Clamp((distance + reach) / (2 * reach), 0, 1);
    }
}
