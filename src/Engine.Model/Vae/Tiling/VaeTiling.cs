namespace Engine.Model.Vae;

/// <summary>How to cut frames that are too large to be decoded or encoded whole.</summary>
/// <remarks>
/// The middle block sees the whole frame and always runs whole; it works at the size of the latent, where memory is small.
/// The levels that enlarge (or shrink) run tile by tile, each tile over the whole clip, so that only one tile's causal caches
/// exist at a time. What goes in and comes out waits in temporary files: C x 4 bytes per latent and 12 bytes per pixel.
/// A tile sees <see cref="Halo"/> more latents on each side than it gives; neighbours are blended across half of that.
/// </remarks>
public sealed record VaeTiling
{
    /// <summary>Latents beyond a tile's edge that reach 40 dB with margin on the models measured; see perf/records.</summary>
    public const int DefaultHalo = 4;

    /// <summary>Latents beyond a tile's edge from which on the result equals the untiled one but for rounding in the blend.</summary>
    public const int ExactHalo = 26;

    /// <summary>Largest height that a tile gives, latents.</summary>
    public required int TileHeight { get; init; }

    /// <summary>Largest width that a tile gives, latents.</summary>
    public required int TileWidth { get; init; }

    /// <summary>Latents that a tile sees beyond what it gives, on each side.</summary>
    public int Halo { get; init; } = DefaultHalo;

    /// <summary>Folder of the temporary files; they are gone when the decoder or encoder is disposed, and also when the process is killed.</summary>
    public string Folder { get; init; } = Path.GetTempPath();

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(TileHeight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(TileWidth, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Halo);
    }
}
