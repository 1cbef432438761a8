namespace Engine.Model.Vision;

/// <summary>Sizes of a CLIP vision encoder. Names follow transformers' <c>CLIPVisionConfig</c>.</summary>
public sealed record ImageEncoderConfig
{
    /// <summary>Model width.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Inner width of the feed-forward network.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Layers; the engine reads the output of the last but one.</summary>
    public required int Layers { get; init; }

    /// <summary>Heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Side of the picture, pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Side of a patch, pixels.</summary>
    public int PatchSize { get; init; } = 14;

    /// <summary>Epsilon of the norms.</summary>
    public float Eps { get; init; } = 1e-5f;

    /// <summary>Activation of the feed-forward network: "gelu" (erf) or "quick_gelu".</summary>
    public string HiddenAct { get; init; } = "gelu";

    /// <summary>Mean of each colour channel, subtracted after scaling to 0..1.</summary>
    public IReadOnlyList<float> ImageMean { get; init; } = [0.48145466f, 0.4578275f, 0.40821073f];

    /// <summary>Standard deviation of each colour channel.</summary>
    public IReadOnlyList<float> ImageStd { get; init; } = [0.26862954f, 0.26130258f, 0.27577711f];
}
