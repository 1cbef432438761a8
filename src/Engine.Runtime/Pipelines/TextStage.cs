using Engine.Kernels;
using Engine.Model.Text;

namespace Engine.Runtime.Pipelines;

/// <summary>Prompts to embeddings.</summary>
/// <remarks>
/// Cleaned, cut to the text length with the end mark kept and encoded at its true length, as diffusers' pipeline_wan.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0) does. The zeros that it pads with are left to the transformer.
/// </remarks>
static class TextStage
{
    /// <summary>Embeddings of the prompt, and of the negative prompt when guidance uses it, each [tokens, D].</summary>
    /// <param name="parts">The model.</param>
    /// <param name="request">What to encode.</param>
    /// <param name="streamed">Read the encoder's layers one after the other.</param>
    /// <param name="afterLayer">Told how many layers are done.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static Tensor[] Run(ModelParts parts, ResolvedRequest request, bool streamed, Action<int>? afterLayer, CancellationToken cancel)
    {
        string[] texts = request.UsesGuidance ? [request.Prompt, request.NegativePrompt] : [request.Prompt];
        int[][] ids = Array.ConvertAll(texts, t => parts.Tokenizer.Encode(PromptCleaner.Clean(t), request.MaxSequenceLength));
        using var lease = (streamed ? parts.StreamedTextEncoder : parts.TextEncoder).Rent(cancel);
        using var scratch = new Workspace(parts.Device);
        return lease.Value.Encoder.Encode(ids, scratch, afterLayer, cancel);
    }

    /// <summary>An embedding with zeros after it, [length, D].</summary>
    public static Tensor Pad(Tensor embedding, int length)
    {
        var padded = embedding.Device.NewTensor([length, embedding.Columns]);
        padded.Fill(0);
        padded.Slice(0, embedding.Rows).CopyFrom(embedding);
        return padded;
    }
}
