namespace Engine.Model.Vae;

/// <summary>Sizes of a Wan VAE. Names follow diffusers' <c>AutoencoderKLWan</c> configuration.</summary>
public sealed record VaeConfig
{
    /// <summary>Base width of the encoder.</summary>
    public required int BaseDim { get; init; }

    /// <summary>Base width of the decoder.</summary>
    public required int DecoderBaseDim { get; init; }

    /// <summary>Latent channels.</summary>
    public required int ZDim { get; init; }

    /// <summary>Width of each level as a multiple of the base.</summary>
    public IReadOnlyList<int> DimMult { get; init; } = [1, 2, 4, 4];

    /// <summary>Residual blocks per level (the decoder has one more).</summary>
    public int ResBlocks { get; init; } = 2;

    /// <summary>Which levels also halve the number of frames when encoding.</summary>
    public IReadOnlyList<bool> TemporalDownsample { get; init; } = [false, true, true];

    /// <summary>Channels that enter the encoder (after patchify).</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels that leave the decoder (before unpatchify).</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>Side of the pixel patches folded into channels (VAE 2.2: 2), or 1.</summary>
    public int PatchSize { get; init; } = 1;

    /// <summary>True for VAE 2.2: shortcuts around the down- and up-sampling.</summary>
    public bool IsResidual { get; init; }

    /// <summary>Mean of each latent channel.</summary>
    public required IReadOnlyList<float> LatentsMean { get; init; }

    /// <summary>Standard deviation of each latent channel.</summary>
    public required IReadOnlyList<float> LatentsStd { get; init; }

    /// <summary>Pixels per latent along each side.</summary>
    public int SpatialFactor => PatchSize << (DimMult.Count - 1);

    /// <summary>Frames per latent frame (the first latent frame holds one).</summary>
    public int TemporalFactor => 1 << TemporalDownsample.Count(t => t);
}
