using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Text;
using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Vision;
using Engine.Model.Weights;

namespace Engine.Runtime.Pipelines;

/// <summary>The parts of one model on one device, each read when first needed. On a dry-run device nothing is read, only counted.</summary>
sealed class ModelParts : IDisposable
{
    readonly Lazy<SentencePieceTokenizer> _tokenizer;

    /// <summary>Prepares the parts; reads nothing yet.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="device">Where the parts go.</param>
    /// <param name="cache">Embeddings of earlier runs.</param>
    /// <param name="like">Parts of the same model whose tokenizer is used.</param>
    public ModelParts(Checkpoint checkpoint, Device device, EmbeddingCache? cache = null, ModelParts? like = null)
    {
        Checkpoint = checkpoint;
        Device = device;
        _tokenizer = like?._tokenizer ?? new(() => SentencePieceTokenizer.Load(checkpoint.TokenizerPath!));
        ImageEncoder = new(() => new ImageEncoderPart(checkpoint, device));
        TextEncoder = new(() => new TextEncoderPart(checkpoint, device, resident: true, cache));
        StreamedTextEncoder = new(() => new TextEncoderPart(checkpoint, device, resident: false, cache));
        Transformer = new(() => LoadTransformer(checkpoint.OpenTransformer));
        Transformer2 = new(() => LoadTransformer(checkpoint.OpenTransformer2));
        StreamedTransformer = new(() => WanTransformer.LoadStreamed(checkpoint.OpenTransformer(), checkpoint.Transformer!, device));
        StreamedTransformer2 = new(() => WanTransformer.LoadStreamed(checkpoint.OpenTransformer2(), checkpoint.Transformer!, device));
        Encoder = new(() => LoadVae(VaeParts.Encoder));
        Decoder = new(() => LoadVae(VaeParts.Decoder));
    }

    /// <summary>Where the weights are on disk.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>Where the parts run.</summary>
    public Device Device { get; }

    /// <summary>Bytes that the device held when last no job was running: weights that stayed loaded.</summary>
    public long IdleBytes { get; set; }

    /// <summary>Text to ids.</summary>
    public SentencePieceTokenizer Tokenizer => _tokenizer.Value;

    /// <summary>Ids to embeddings, all layers in memory.</summary>
    public Part<TextEncoderPart> TextEncoder { get; }

    /// <summary>Ids to embeddings, layers read from disk one after the other.</summary>
    public Part<TextEncoderPart> StreamedTextEncoder { get; }

    /// <summary>Pictures to image tokens.</summary>
    public Part<ImageEncoderPart> ImageEncoder { get; }

    /// <summary>The transformer, or the high-noise one of two.</summary>
    public Part<WanTransformer> Transformer { get; }

    /// <summary>The low-noise transformer of two.</summary>
    public Part<WanTransformer> Transformer2 { get; }

    /// <summary>Like <see cref="Transformer"/>, but blocks are read from disk one after the other.</summary>
    public Part<WanTransformer> StreamedTransformer { get; }

    /// <summary>Like <see cref="Transformer2"/>, but blocks are read from disk one after the other.</summary>
    public Part<WanTransformer> StreamedTransformer2 { get; }

    /// <summary>Pixels to latents.</summary>
    public Part<WanVae> Encoder { get; }

    /// <summary>Latents to pixels.</summary>
    public Part<WanVae> Decoder { get; }

    /// <summary>Frees every part that no job uses.</summary>
    public void Release()
    {
        TextEncoder.Release();
        StreamedTextEncoder.Release();
        ImageEncoder.Release();
        Encoder.Release();
        Transformer.Release();
        Transformer2.Release();
        StreamedTransformer.Release();
        StreamedTransformer2.Release();
        Decoder.Release();
    }

    /// <summary>Frees every part.</summary>
    public void Dispose() => Release();

    WanTransformer LoadTransformer(Func<IWeightSource> open)
    {
        using var source = open();
        WeightStore.Require(source, (at, dry) => WanTransformer.Load(at, Checkpoint.Transformer!, dry).Dispose());
        var store = new WeightStore(source, Device);
        try
        {
            var transformer = WanTransformer.Load(store.Root, Checkpoint.Transformer!, Device);
            store.Complete();
            return transformer;
        }
        catch
        {
            store.Release();
            throw;
        }
    }

    WanVae LoadVae(VaeParts half)
    {
        using var source = Checkpoint.OpenVae();
        return WanVae.Load(source, Checkpoint.Vae!, Device, half);
    }
}

/// <summary>A text encoder together with the file it reads from.</summary>
sealed class TextEncoderPart : IDisposable
{
    readonly IWeightSource _source;

    /// <summary>Opens the file and checks its names and shapes.</summary>
    public TextEncoderPart(Checkpoint checkpoint, Device device, bool resident, EmbeddingCache? cache)
    {
        _source = checkpoint.OpenTextEncoder();
        try
        {
            Encoder = new Umt5Encoder(_source, checkpoint.TextEncoder!, device, resident, cache);
        }
        catch
        {
            _source.Dispose();
            throw;
        }
    }

    /// <summary>The encoder.</summary>
    public Umt5Encoder Encoder { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Encoder.Dispose();
        _source.Dispose();
    }
}

/// <summary>An image encoder together with its weights.</summary>
sealed class ImageEncoderPart : IDisposable
{
    readonly WeightStore _store;

    /// <summary>Reads the weights.</summary>
    public ImageEncoderPart(Checkpoint checkpoint, Device device)
    {
        using var source = checkpoint.OpenImageEncoder();
        _store = new WeightStore(source, device);
        try
        {
            Encoder = ClipVisionEncoder.Load(_store.Root, checkpoint.ImageEncoder!, device);
            _store.Complete();
        }
        catch
        {
            _store.Release();
            throw;
        }
    }

    /// <summary>The encoder.</summary>
    public ClipVisionEncoder Encoder { get; }

    /// <inheritdoc/>
    public void Dispose() => _store.Release();
}
