namespace Engine.Model.Transformer;

/// <content>The published checkpoints.</content>
public sealed partial record TransformerConfig
{
    /// <summary>Wan2.1-T2V-1.3B.</summary>
    public static TransformerConfig Wan21T2V1B3 { get; } = new()
    {
        InChannels = 16,
        OutChannels = 16,
        Heads = 12,
        HeadDim = 128,
        FfnDim = 8960,
        Layers = 30,
        TextDim = 4096,
    };

    /// <summary>Wan2.1-T2V-14B; each of the two experts of Wan2.2-T2V-A14B is alike.</summary>
    public static TransformerConfig Wan21T2V14B { get; } = Wan21T2V1B3 with { Heads = 40, FfnDim = 13824, Layers = 40 };

    /// <summary>Wan2.1-I2V-14B, 480P and 720P: mask and first frame in the input, CLIP tokens beside the text.</summary>
    public static TransformerConfig Wan21I2V14B { get; } = Wan21T2V14B with { InChannels = 36, ImageDim = 1280, AddedKvDim = 5120 };

    /// <summary>Wan2.1-FLF2V-14B-720P: first and last frame.</summary>
    public static TransformerConfig Wan21Flf2V14B { get; } = Wan21I2V14B with { PosEmbedSeqLen = 514 };

    /// <summary>One expert of Wan2.2-T2V-A14B.</summary>
    public static TransformerConfig Wan22T2VA14B => Wan21T2V14B;

    /// <summary>Wan2.1-VACE-1.3B: control at every second block.</summary>
    public static TransformerConfig Wan21Vace1B3 { get; } = Wan21T2V1B3 with { VaceLayers = Every(2, 30), VaceInChannels = 96 };

    /// <summary>Wan2.1-VACE-14B: control at every fifth block.</summary>
    public static TransformerConfig Wan21Vace14B { get; } = Wan21T2V14B with { VaceLayers = Every(5, 40), VaceInChannels = 96 };

    /// <summary>One expert of Wan2.2-I2V-A14B: mask and pictures in the input, no CLIP tokens.</summary>
    public static TransformerConfig Wan22I2VA14B { get; } = Wan21T2V14B with { InChannels = 36 };

    /// <summary>Wan2.2-TI2V-5B: text or first frame, a timestep per token.</summary>
    public static TransformerConfig Wan22TI2V5B { get; } = Wan21T2V1B3 with
    {
        InChannels = 48,
        OutChannels = 48,
        Heads = 24,
        FfnDim = 14336,
    };

    static int[] Every(int stride, int layers) => [.. Enumerable.Range(0, layers / stride).Select(i => i * stride)];
}
