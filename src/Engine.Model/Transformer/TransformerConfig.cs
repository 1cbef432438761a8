namespace Engine.Model.Transformer;

/// <summary>Sizes of a Wan transformer. Names follow diffusers' <c>WanTransformer3DModel</c> configuration.</summary>
public sealed record TransformerConfig
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

    /// <summary>Model width.</summary>
    public int Width => Heads * HeadDim;
}
