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
    readonly Func<IWeightSource, IWeightSource>? _view;

    /// <summary>Prepares the parts; reads nothing yet.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="device">Where the parts go.</param>
    /// <param name="cache">Embeddings of earlier runs.</param>
    /// <param name="like">Parts of the same model whose tokenizer and LoRAs are used.</param>
    /// <param name="loras">What is added to the transformers; null means those of <paramref name="like"/>, or none.</param>
    /// <param name="view">How the transformers' files are shown; null means as they are, or as <paramref name="like"/> shows them.</param>
    public ModelParts(
        Checkpoint checkpoint, Device device, EmbeddingCache? cache = null, ModelParts? like = null, LoraRequest? loras = null, Func<IWeightSource, IWeightSource>? view = null)
    {
        _view = view ?? like?._view;
        Checkpoint = checkpoint;
        Device = device;
        DeviceInWords = device.Name;
        Loras = loras ?? like?.Loras ?? LoraRequest.None;
        _tokenizer = like?._tokenizer ?? new(() => TokenizerFile.Load(checkpoint.TokenizerPath!));
        ImageEncoder = new(_ => new ImageEncoderPart(checkpoint, device));
        TextEncoder = new(_ => new TextEncoderPart(checkpoint, device, resident: true, cache));
        StreamedTextEncoder = new(_ => new TextEncoderPart(checkpoint, device, resident: false, cache));
        Transformer = new(cancel => LoadTransformer(second: false, cancel));
        Transformer2 = new(cancel => LoadTransformer(second: true, cancel));
        StreamedTransformer = new(_ => LoadStreamed(second: false));
        StreamedTransformer2 = new(_ => LoadStreamed(second: true));
        Encoder = new(_ => LoadVae(VaeParts.Encoder));
        Decoder = new(_ => LoadVae(VaeParts.Decoder));
    }

    /// <summary>Where the weights are on disk.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>Where the parts run.</summary>
    public Device Device { get; }

    /// <summary>The device, and why it is that one where a measurement decided.</summary>
    public string DeviceInWords { get; init; }

    /// <summary>What is added to the transformers.</summary>
    public LoraRequest Loras { get; }

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

    /// <summary>The file of the transformer (of the high-noise one of two).</summary>
    public IWeightSource OpenTransformer() => Open(second: false);

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

    WanTransformer LoadTransformer(bool second, CancellationToken cancel)
    {
        using var source = Open(second);
        using var loras = Loras.Open(Checkpoint.Transformer!, second);
        return WanTransformer.Load(source, Checkpoint.Transformer!, Device, loras, cancel);
    }

    WanTransformer LoadStreamed(bool second) =>
        WanTransformer.LoadStreamed(Open(second), Checkpoint.Transformer!, Device, Loras.Open(Checkpoint.Transformer!, second));

    IWeightSource Open(bool second)
    {
        var source = second ? Checkpoint.OpenTransformer2() : Checkpoint.OpenTransformer();
        return _view is null ? source : _view(source);
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
