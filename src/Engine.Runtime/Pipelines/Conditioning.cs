using Engine.Kernels;
using Engine.Runtime.Motion;

namespace Engine.Runtime.Pipelines;

/// <summary>Everything the sampler is given besides noise: text, pictures, and latents that are known. Owns its tensors.</summary>
sealed class Conditioning : IDisposable
{
    /// <summary>Embeddings of the prompt's tokens [tokens, D].</summary>
    public required Tensor Prompt { get; init; }

    /// <summary>Tokens that every prompt counts as, padded with zeros.</summary>
    public required int TextLength { get; init; }

    /// <summary>Embeddings of the negative prompt's tokens; unset without guidance.</summary>
    public Tensor NegativePrompt { get; init; }

    /// <summary>Image tokens [I, D]; unset for models without an image encoder.</summary>
    public Tensor Image { get; set; }

    /// <summary>Channels that go into the model beside the latent [Cin - C, T, h, w]; unset for most models.</summary>
    public Tensor Channels { get; set; }

    /// <summary>The same for the negative prompt, where it is given other ones (Wan-Move's unmoved features); unset otherwise.</summary>
    public Tensor NegativeChannels { get; set; }

    /// <summary>The dragged clip that sampling starts from and its clocks (Time-to-Move); null otherwise.</summary>
    public TimeToMove? Motion { get; set; }

    /// <summary>Rays of a camera's path [channels, H, W] for each latent frame, for models with a camera adapter; null otherwise.</summary>
    public Func<int, ReadOnlyMemory<float>>? Camera { get; set; }

    /// <summary>Latents that are known and stay as they are; null when all are made.</summary>
    public GivenLatents? Given { get; set; }

    /// <summary>Clean latent [C, T, h, w] that noise is added to (restyling); unset otherwise.</summary>
    public Tensor Start { get; set; }

    /// <summary>Control latents of a VACE model [VaceInChannels, T, h, w]; unset for other models.</summary>
    public Tensor Control { get; set; }

    /// <summary>Factor of each control block; empty for other models.</summary>
    public IReadOnlyList<float> ControlStrengths { get; set; } = [];

    /// <summary>Latent frames at the start that steer the model but are not part of the clip (reference pictures).</summary>
    public int LeadFrames { get; set; }

    /// <summary>Latent frames at the end that steer the model but are not part of the clip (an appended end frame).</summary>
    public int ExtraFrames { get; set; }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Prompt.Dispose();
        NegativePrompt.Dispose();
        Image.Dispose();
        Channels.Dispose();
        NegativeChannels.Dispose();
        Motion?.Dispose();
        Start.Dispose();
        Control.Dispose();
        Given?.Dispose();
    }
}
