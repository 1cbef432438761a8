using Engine.Kernels;

namespace Engine.Model.Transformer;

/// <summary>Sizes of a Wan transformer. Names follow diffusers' <c>WanTransformer3DModel</c> configuration.</summary>
public sealed partial record TransformerConfig
{
    /// <summary>Channels of the input (latent, plus mask and condition for image-to-video).</summary>
    public required int InChannels { get; init; }

    /// <summary>Channels of the predicted velocity.</summary>
    public required int OutChannels { get; init; }

    /// <summary>Heads of every attention.</summary>
    public required int Heads { get; init; }

    /// <summary>Width of one head; the model's width is <see cref="Heads"/> x this.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Inner width of the feed-forward network.</summary>
    public required int FfnDim { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Width of the sinusoidal timestep embedding.</summary>
    public int FreqDim { get; init; } = 256;

    /// <summary>Width of the text embeddings.</summary>
    public required int TextDim { get; init; }

    /// <summary>Width of the image embeddings (CLIP), or null when the model takes none.</summary>
    public int? ImageDim { get; init; }

    /// <summary>Width of the extra image key/value projections, or null when there are none.</summary>
    public int? AddedKvDim { get; init; }

    /// <summary>Length of the position embedding on the image tokens (first+last-frame models), or null.</summary>
    public int? PosEmbedSeqLen { get; init; }

    /// <summary>Patch in frames, rows and columns of the latent.</summary>
    public (int T, int H, int W) Patch { get; init; } = (1, 2, 2);

    /// <summary>True when the cross-attention's input has its own affine layer norm.</summary>
    public bool CrossAttnNorm { get; init; } = true;

    /// <summary>Epsilon of every norm.</summary>
    public float Eps { get; init; } = 1e-6f;

    /// <summary>Longest axis, in patches, that rotary tables are made for.</summary>
    public int RopeMaxSeqLen { get; init; } = 1024;

    /// <summary>Indices of the blocks that take VACE control, in order; empty for models without it.</summary>
    public IReadOnlyList<int> VaceLayers { get; init; } = [];

    /// <summary>Channels of the VACE control input; 0 for models without it.</summary>
    public int VaceInChannels { get; init; }

    /// <summary>Every block in the order it runs: a control block right before the block that its result is added after.</summary>
    internal IReadOnlyList<BlockPlace> BlockOrder => BlockPlace.Order(Layers, VaceLayers);

    /// <summary>Sizes of the camera adapter, or null for models without it.</summary>
    public CameraAdapterConfig? CameraAdapter { get; init; }

    /// <summary>Model width.</summary>
    public int Width => Heads * HeadDim;

    /// <summary>Checks that the sizes make a model.</summary>
    /// <exception cref="EngineException">Names the field that is wrong, its value, and what is allowed.</exception>
    public void Validate()
    {
        Positive(InChannels, "in_channels");
        Positive(OutChannels, "out_channels");
        Positive(Heads, "num_attention_heads");
        Positive(FfnDim, "ffn_dim");
        Positive(Layers, "num_layers");
        Positive(TextDim, "text_dim");
        Positive(RopeMaxSeqLen, "rope_max_seq_len");
        Positive(Patch.T, "patch_size[0]");
        Positive(Patch.H, "patch_size[1]");
        Positive(Patch.W, "patch_size[2]");
        Require(HeadDim >= 6 && HeadDim % 2 == 0, "attention_head_dim", HeadDim, "an even number of 6 or more");
        Require(FreqDim >= 2 && FreqDim % 2 == 0, "freq_dim", FreqDim, "an even number of 2 or more");
        Require(Eps > 0 && float.IsFinite(Eps), "eps", Eps, "a number above 0");
        Require((long)Heads * HeadDim <= Largest, "num_attention_heads x attention_head_dim", (long)Heads * HeadDim, $"{Largest} at most");
        Require((long)InChannels * Patch.T * Patch.H * Patch.W <= Largest, "in_channels x patch_size", (long)InChannels * Patch.T * Patch.H * Patch.W, $"{Largest} at most");
        Require((long)OutChannels * Patch.T * Patch.H * Patch.W <= Largest, "out_channels x patch_size", (long)OutChannels * Patch.T * Patch.H * Patch.W, $"{Largest} at most");
        if (ImageDim is { } imageDim)
        {
            Positive(imageDim, "image_dim");
        }

        if (PosEmbedSeqLen is { } length)
        {
            Positive(length, "pos_embed_seq_len");
            Require(ImageDim is not null, "pos_embed_seq_len", length, "given only with image_dim");
        }

        if (AddedKvDim is { } added)
        {
            Require(added == Width, "added_kv_proj_dim", added, $"the model's width, {Width}");
        }

        Control();
        if (CameraAdapter is { } camera)
        {
            Positive(camera.Channels, "in_dim_control_adapter");
            Require(camera.Downscale is > 0 and <= 64, "downscale_factor_control_adapter", camera.Downscale, "1 to 64");
            Require(camera.ResidualBlocks is >= 0 and <= 64, "control_adapter.residual_blocks", camera.ResidualBlocks, "0 to 64");
            Require(Patch.T == 1, "patch_size[0]", Patch.T, "1 in a model with a camera adapter");
        }

        Require(ImageDim is null == AddedKvDim is null, "added_kv_proj_dim", AddedKvDim?.ToString() ?? "null", "given if image_dim is, and only then");
    }

    void Control()
    {
        if (VaceLayers.Count == 0)
        {
            return;
        }

        string layers = $"[{string.Join(", ", VaceLayers)}]";
        Require(VaceLayers[0] == 0 && VaceLayers[^1] < Layers, "vace_layers", layers, $"a list from 0 to {Layers - 1} at most, 0 among them");
        Require(VaceLayers.Zip(VaceLayers.Skip(1)).All(pair => pair.First < pair.Second), "vace_layers", layers, "in ascending order");
        Positive(VaceInChannels, "vace_in_channels");
        Require(ImageDim is null, "image_dim", ImageDim ?? 0, "absent in a VACE model");
    }

    // Far above any real model, and small enough that no size computed from two of these overflows.
    const int Largest = 1 << 20;

    static void Positive(int value, string field) => Require(value is > 0 and <= Largest, field, value, $"1 to {Largest}");

    static void Require(bool met, string field, object value, string allowed)
    {
        if (!met)
        {
            throw new EngineException(ErrorKind.BadInput, $"The transformer's configuration has {field} = {value}; it must be {allowed}.");
        }
    }
}
