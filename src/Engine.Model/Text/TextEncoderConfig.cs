namespace Engine.Model.Text;

/// <summary>Sizes of a UMT5 encoder. Names follow transformers' <c>UMT5Config</c>.</summary>
public sealed record TextEncoderConfig
{
    /// <summary>Model width.</summary>
    public required int DModel { get; init; }

    /// <summary>Inner width of the feed-forward network.</summary>
    public required int DFf { get; init; }

    /// <summary>Width of one head.</summary>
    public required int DKv { get; init; }

    /// <summary>Heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Encoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Rows of the token embedding.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Buckets of the relative position bias.</summary>
    public int RelativeBuckets { get; init; } = 32;

    /// <summary>Distance past which all positions share the last bucket.</summary>
    public int RelativeMaxDistance { get; init; } = 128;

    /// <summary>Epsilon of the norms.</summary>
    public float Eps { get; init; } = 1e-6f;
}
