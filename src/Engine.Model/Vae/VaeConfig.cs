using Engine.Kernels;

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

    /// <summary>Latent frames of a clip.</summary>
    /// <param name="frames">Pixel frames; one more than a multiple of <see cref="TemporalFactor"/>.</param>
    /// <exception cref="EngineException">The number of frames is another one.</exception>
    public int LatentFrames(int frames) => frames >= 1 && (frames - 1) % TemporalFactor == 0
        ? ((frames - 1) / TemporalFactor) + 1
        : throw new EngineException(
            ErrorKind.BadRequest, $"A clip of {frames} frames cannot be encoded: the number must be {TemporalFactor}n + 1, such as {TemporalFactor + 1} or {(4 * TemporalFactor) + 1}.");

    /// <summary>Pixel frames of a clip.</summary>
    /// <param name="latentFrames">Latent frames, 1 or more.</param>
    public int PixelFrames(int latentFrames) => ((latentFrames - 1) * TemporalFactor) + 1;

    /// <summary>Checks that the sizes are those of a Wan VAE.</summary>
    /// <exception cref="EngineException">One is not; the message names it.</exception>
    public void Validate()
    {
        Require(BaseDim > 0 && DecoderBaseDim > 0, "base_dim", "must be positive");
        Require(ZDim > 0, "z_dim", "must be positive");
        Require(ResBlocks > 0, "num_res_blocks", "must be positive");
        Require(DimMult.Count is > 0 and < 16 && DimMult.All(m => m > 0), "dim_mult", "must list one positive number per level");
        Require(TemporalDownsample.Count == DimMult.Count - 1, "temperal_downsample", "must have one entry less than dim_mult");
        Require(PatchSize > 0, "patch_size", "must be positive");
        int patch = PatchSize * PatchSize;
        Require(InChannels == 3 * patch && OutChannels == InChannels, "in_channels", $"and out_channels must be {3 * patch} for patch_size {PatchSize}");
        Require(LatentsMean.Count == ZDim && LatentsStd.Count == ZDim, "latents_mean", "and latents_std must have z_dim entries");
        for (int i = 0; IsResidual && i < DimMult.Count; i++)
        {
            bool last = i == DimMult.Count - 1;
            int factor = last ? 1 : TemporalDownsample[i] ? 8 : 4;
            int narrow = DimMult[Math.Max(i - 1, 0)];
            Require((narrow * factor) % DimMult[i] == 0, "dim_mult", "does not divide as the shortcuts need");
        }
    }

    static void Require(bool holds, string field, string problem)
    {
        if (!holds)
        {
            throw new EngineException(ErrorKind.BadInput, $"The VAE's configuration cannot be used: {field} {problem}.");
        }
    }
}
