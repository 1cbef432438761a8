using Engine.Kernels;

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

    /// <summary>Tokens that come out: one for the whole picture and one per patch.</summary>
    public int Tokens => (ImageSize / PatchSize * (ImageSize / PatchSize)) + 1;

    /// <summary>The function that <see cref="HiddenAct"/> names.</summary>
    /// <exception cref="EngineException">It is not one the engine knows.</exception>
    public Activation Activation => HiddenAct switch
    {
        "gelu" => Activation.GeluErf,
        "quick_gelu" => Activation.QuickGelu,
        _ => throw new EngineException(ErrorKind.BadInput,
            $"The image encoder's hidden_act is '{HiddenAct}'; the engine knows gelu and quick_gelu."),
    };

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="EngineException">One is out of range; the message names it.</exception>
    public void Validate()
    {
        foreach (var (name, value) in (ReadOnlySpan<(string, int)>)
        [
            ("hidden_size", HiddenSize), ("intermediate_size", IntermediateSize), ("num_hidden_layers", Layers),
            ("num_attention_heads", Heads), ("image_size", ImageSize), ("patch_size", PatchSize),
        ])
        {
            Require(value >= 1, $"{name} is {value}; it must be 1 or more");
        }

        Require(HiddenSize % Heads == 0, $"hidden_size is {HiddenSize}; it must be a multiple of num_attention_heads, {Heads}");
        Require(ImageSize % PatchSize == 0, $"image_size is {ImageSize}; it must be a multiple of patch_size, {PatchSize}");
        Require(Eps > 0 && float.IsFinite(Eps), $"layer_norm_eps is {Eps}; it must be above 0");
        Require(ImageMean.Count == 3 && ImageStd.Count == 3 && ImageStd.All(s => s > 0), "image_mean and image_std need three values each, and the latter above 0");
        _ = Activation;
    }

    static void Require(bool right, string problem)
    {
        if (!right)
        {
            throw new EngineException(ErrorKind.BadInput, $"The image encoder's {problem}.");
        }
    }
}
