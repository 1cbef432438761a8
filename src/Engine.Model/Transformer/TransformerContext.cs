using Engine.Kernels;

namespace Engine.Model.Transformer;

/// <summary>One prompt, embedded for a transformer; made by <see cref="WanTransformer.Prepare"/>.</summary>
/// <remarks>
/// Keys and values of the cross-attention depend on the prompt alone, so that they can be kept for all steps. That takes
/// <see cref="WanTransformer.KeyValueBytes"/> bytes; without it they are computed anew in every block of every step.
/// </remarks>
public sealed class TransformerContext : IDisposable
{
    internal TransformerContext(Tensor text, int lastTextCopies, Tensor image, CrossKeyValues[]? keyValues)
    {
        LastTextCopies = lastTextCopies;
        Text = text;
        Image = image;
        KeyValues = keyValues;
    }

    /// <summary>True when the cross-attention's keys and values are kept.</summary>
    public bool KeepsKeyValues => KeyValues is not null;

    /// <summary>Embedded camera path [L, C] of <see cref="WanTransformer.EmbedCamera"/>, added to the patch embedding, or empty; not owned.</summary>
    public Tensor Camera { get; set; }

    /// <summary>Embedded text [S, C].</summary>
    internal Tensor Text { get; }

    /// <summary>How many equal tokens the last row of the text stands for: the padding is embedded once.</summary>
    internal int LastTextCopies { get; }

    /// <summary>Embedded image tokens [I, C], or empty.</summary>
    internal Tensor Image { get; }

    /// <summary>Kept keys and values, one entry per block.</summary>
    internal CrossKeyValues[]? KeyValues { get; }

    /// <summary>Frees the embeddings.</summary>
    public void Dispose()
    {
        Text.Dispose();
        Image.Dispose();
        foreach (var entry in KeyValues ?? [])
        {
            entry.Key.Dispose();
            entry.Value.Dispose();
            entry.ImageKey.Dispose();
            entry.ImageValue.Dispose();
        }
    }
}

/// <summary>Keys and values of one block's cross-attention: text [S, C], image tokens [I, C] or empty.</summary>
readonly record struct CrossKeyValues(Tensor Key, Tensor Value, Tensor ImageKey, Tensor ImageValue);
