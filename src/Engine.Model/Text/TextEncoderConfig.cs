using Engine.Kernels;

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

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="EngineException">One is out of range; the message names it.</exception>
    public void Validate()
    {
        foreach (var (name, value, least) in (ReadOnlySpan<(string, int, int)>)
        [
            ("d_model", DModel, 1), ("d_ff", DFf, 1), ("d_kv", DKv, 1), ("num_heads", Heads, 1), ("num_layers", Layers, 1),
            ("vocab_size", VocabSize, 1), ("relative_attention_num_buckets", RelativeBuckets, 4),
            ("relative_attention_max_distance", RelativeMaxDistance, (RelativeBuckets / 4) + 1),
        ])
        {
            if (value < least)
            {
                throw new EngineException(ErrorKind.BadInput, $"The text encoder's {name} is {value}; it must be {least} or more.");
            }
        }

        if (RelativeBuckets % 4 != 0)
        {
            throw new EngineException(ErrorKind.BadInput,
                $"The text encoder's relative_attention_num_buckets is {RelativeBuckets}; it must be a multiple of 4.");
        }

        if (!(Eps > 0 && float.IsFinite(Eps)))
        {
            throw new EngineException(ErrorKind.BadInput, $"The text encoder's layer_norm_epsilon is {Eps}; it must be above 0.");
        }
    }
}
