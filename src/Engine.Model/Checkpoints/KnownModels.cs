using Engine.Model.Text;
using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Vision;

namespace Engine.Model.Checkpoints;

/// <summary>Which part of a model a set of tensors is.</summary>
public enum ModelPart
{
    /// <summary>The diffusion transformer.</summary>
    Transformer,

    /// <summary>The causal 3D VAE.</summary>
    Vae,

    /// <summary>The UMT5 text encoder.</summary>
    TextEncoder,

    /// <summary>The CLIP vision encoder.</summary>
    ImageEncoder,
}

/// <summary>Sizes of the published Wan checkpoints.</summary>
/// <remarks>
/// wan/configs of Wan-Video/Wan2.1 @ 9737cba9c1c3c4d04b33fcad41c111989865d315 and of Wan-Video/Wan2.2
/// @ 42bf4cfaa384bc21833865abc2f9e6c0e67233dc; scripts/convert_wan_to_diffusers.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951. Fun-Camera: aigc-apps/VideoX-Fun @ 804a4258e2608f855ccaec8fffa279e75a3b89c6.
/// </remarks>
public static class KnownModels
{
    /// <summary>Wan 2.1 T2V 1.3B.</summary>
    public static TransformerConfig T2V13B { get; } = new()
    {
        InChannels = 16,
        OutChannels = 16,
        Heads = 12,
        HeadDim = 128,
        FfnDim = 8960,
        Layers = 30,
        TextDim = 4096,
    };

    /// <summary>Wan 2.1 T2V 14B; each expert of Wan 2.2 T2V A14B has the same sizes.</summary>
    public static TransformerConfig T2V14B { get; } = T2V13B with { Heads = 40, FfnDim = 13824, Layers = 40 };

    /// <summary>Wan 2.1 I2V 14B (480p and 720p).</summary>
    public static TransformerConfig I2V14B { get; } = T2V14B with { InChannels = 36, ImageDim = 1280, AddedKvDim = 5120 };

    /// <summary>Wan 2.1 FLF2V 14B: first and last frame.</summary>
    public static TransformerConfig Flf2V14B { get; } = I2V14B with { PosEmbedSeqLen = 514 };

    /// <summary>Wan 2.1 VACE 1.3B.</summary>
    public static TransformerConfig Vace13B { get; } = T2V13B with { VaceLayers = Every(2, 30), VaceInChannels = 96 };

    /// <summary>Wan 2.1 VACE 14B; each expert of Wan 2.2 VACE-Fun A14B has the same sizes.</summary>
    public static TransformerConfig Vace14B { get; } = T2V14B with { VaceLayers = Every(5, 40), VaceInChannels = 96 };

    /// <summary>Each expert of Wan 2.2 I2V A14B.</summary>
    public static TransformerConfig I2VA14B { get; } = T2V14B with { InChannels = 36 };

    /// <summary>Wan 2.2 TI2V 5B.</summary>
    public static TransformerConfig Ti2V5B { get; } = T2V13B with { InChannels = 48, OutChannels = 48, Heads = 24, FfnDim = 14336 };

    /// <summary>Wan 2.1 Fun V1.1 1.3B Control-Camera: the first frame's latent in the input, CLIP tokens, and the camera adapter.</summary>
    public static TransformerConfig FunCamera13B { get; } =
        T2V13B with { InChannels = 32, ImageDim = 1280, AddedKvDim = 1536, CameraAdapter = new CameraAdapterConfig() };

    /// <summary>Wan 2.1 Fun V1.1 14B Control-Camera.</summary>
    public static TransformerConfig FunCamera14B { get; } = I2V14B with { InChannels = 32, CameraAdapter = new CameraAdapterConfig() };

    /// <summary>Each expert of Wan 2.2 Fun A14B Control-Camera.</summary>
    public static TransformerConfig FunCameraA14B { get; } = I2VA14B with { CameraAdapter = new CameraAdapterConfig() };

    /// <summary>Wan 2.2 Fun 5B Control-Camera: mask and first frame in the input, and timesteps per token.</summary>
    public static TransformerConfig FunCamera5B { get; } = Ti2V5B with { InChannels = 100, CameraAdapter = new CameraAdapterConfig(Downscale: 16) };

    /// <summary>Wan VAE 2.1: 4x8x8, 16 channels.</summary>
    public static VaeConfig Vae21 { get; } = new()
    {
        BaseDim = 96,
        DecoderBaseDim = 96,
        ZDim = 16,
        LatentsMean = LatentStatistics.Mean21,
        LatentsStd = LatentStatistics.Std21,
    };

    /// <summary>Wan VAE 2.2: 4x16x16, 48 channels.</summary>
    public static VaeConfig Vae22 { get; } = new()
    {
        BaseDim = 160,
        DecoderBaseDim = 256,
        ZDim = 48,
        InChannels = 12,
        OutChannels = 12,
        PatchSize = 2,
        IsResidual = true,
        LatentsMean = LatentStatistics.Mean22,
        LatentsStd = LatentStatistics.Std22,
    };

    /// <summary>UMT5-XXL, the encoder half.</summary>
    public static TextEncoderConfig Umt5Xxl { get; } = new()
    {
        DModel = 4096,
        DFf = 10240,
        DKv = 64,
        Heads = 64,
        Layers = 24,
        VocabSize = 256384,
    };

    /// <summary>CLIP ViT-H/14, the vision half (open_clip's XLM-RoBERTa model).</summary>
    public static ImageEncoderConfig ClipVitH14 { get; } = new() { HiddenSize = 1280, IntermediateSize = 5120, Layers = 32, Heads = 16 };

    internal static IReadOnlyList<(string Name, TransformerConfig Config)> Transformers { get; } =
    [
        ("Wan 2.1 T2V 1.3B", T2V13B),
        ("Wan 2.1 T2V 14B", T2V14B),
        ("Wan 2.2 T2V A14B (one expert)", T2V14B),
        ("Wan 2.1 I2V 14B", I2V14B),
        ("Wan 2.1 FLF2V 14B", Flf2V14B),
        ("Wan 2.1 VACE 1.3B", Vace13B),
        ("Wan 2.1 VACE 14B", Vace14B),
        ("Wan 2.2 VACE-Fun A14B (one expert)", Vace14B),
        ("Wan 2.2 I2V A14B (one expert)", I2VA14B),
        ("Wan 2.2 TI2V 5B", Ti2V5B),
        ("Wan 2.1 Fun 1.3B Control-Camera", FunCamera13B),
        ("Wan 2.1 Fun 14B Control-Camera", FunCamera14B),
        ("Wan 2.2 Fun A14B Control-Camera (one expert)", FunCameraA14B),
        ("Wan 2.2 Fun 5B Control-Camera", FunCamera5B),
    ];

    /// <summary>Names of the published transformers of these sizes; none, one, or two that only their weights tell apart.</summary>
    internal static IReadOnlyList<string> Names(TransformerConfig config) =>
        [.. Transformers.Where(known => Same(known.Config, config)).Select(known => known.Name)];

    /// <summary>True for equal sizes. What is not a matter of tensors (epsilons, rotary length) does not count.</summary>
    internal static bool Same(TransformerConfig a, TransformerConfig b) =>
        a.VaceLayers.SequenceEqual(b.VaceLayers) && Bare(a) == Bare(b);

    internal static bool Same(VaeConfig a, VaeConfig b) =>
        a.DimMult.SequenceEqual(b.DimMult) && a.TemporalDownsample.SequenceEqual(b.TemporalDownsample) && Bare(a) == Bare(b);

    static TransformerConfig Bare(TransformerConfig config) => config with { VaceLayers = [], Eps = 0, RopeMaxSeqLen = 0 };

    static VaeConfig Bare(VaeConfig config) => config with { DimMult = [], TemporalDownsample = [], LatentsMean = [], LatentsStd = [] };

    static int[] Every(int stride, int layers) => [.. Enumerable.Range(0, layers / stride).Select(i => i * stride)];
}
