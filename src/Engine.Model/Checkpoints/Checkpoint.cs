using Engine.Model.Text;
using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Vision;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>How a checkpoint lies on disk.</summary>
public enum CheckpointLayout
{
    /// <summary>A folder with <c>model_index.json</c> and a folder for each part.</summary>
    Diffusers,

    /// <summary>A folder as Wan publishes it: <c>config.json</c>, safetensors, and <c>.pth</c> for text encoder and VAE.</summary>
    Official,

    /// <summary>One file with one part.</summary>
    SingleFile,

    /// <summary>Parts in files of their own, alone or in place of a folder's.</summary>
    Split,
}

/// <summary>A model on disk: which parts it has, their sizes, and where their weights are. Opening it reads no weights.</summary>
/// <remarks>Parts that are absent are null; opening the weights of one is an error that says so.</remarks>
public sealed class Checkpoint
{
    const string SecondTransformer = "second transformer";

    /// <summary>Folder or file.</summary>
    public required string Path { get; init; }

    /// <summary>How it lies on disk.</summary>
    public required CheckpointLayout Layout { get; init; }

    /// <summary>What it is called, e.g. <c>Wan 2.1 T2V 1.3B</c> or <c>builtin</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What it can do, and its default request.</summary>
    public required ModelInfo Info { get; init; }

    /// <summary>Sizes of the transformer (of both, where there are two).</summary>
    public TransformerConfig? Transformer { get; init; }

    /// <summary>True when there are two transformers: one for high noise, one for low.</summary>
    public bool HasTransformer2 => Parts.Any(part => part.Name == SecondTransformer);

    /// <summary>Sizes of the VAE.</summary>
    public VaeConfig? Vae { get; init; }

    /// <summary>Sizes of the text encoder.</summary>
    public TextEncoderConfig? TextEncoder { get; init; }

    /// <summary>Sizes of the image encoder.</summary>
    public ImageEncoderConfig? ImageEncoder { get; init; }

    /// <summary>The sampler it was made for.</summary>
    public SchedulerConfig? Scheduler { get; init; }

    /// <summary>The SentencePiece model, <c>spiece.model</c>.</summary>
    public string? TokenizerPath { get; init; }

    /// <summary>The parts that are there.</summary>
    public required IReadOnlyList<CheckpointPart> Parts { get; init; }

    /// <summary>What making a clip takes and this model has not, in words for messages.</summary>
    public IReadOnlyList<string> Lacks =>
    [
        .. Transformer is null ? ["transformer"] : Array.Empty<string>(),
        .. Vae is null ? ["VAE"] : Array.Empty<string>(),
        .. TextEncoder is null ? ["text encoder"] : Array.Empty<string>(),
        .. Transformer?.ImageDim is not null && ImageEncoder is null ? ["image encoder"] : Array.Empty<string>(),
        .. TokenizerPath is null ? ["tokenizer (spiece.model)"] : Array.Empty<string>(),
    ];

    /// <summary>What files without a configuration were taken for, in sentences for the user.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Opens a model whose parts are files of their own.</summary>
    /// <param name="path">A model that has the other parts, or null.</param>
    /// <param name="files">The files.</param>
    /// <param name="heads">Number of heads of the transformer, where they are not as wide as the published models'.</param>
    /// <exception cref="WeightFileException">A file is not what it is given as, or does not go with the others.</exception>
    public static Checkpoint Open(string? path, CheckpointFiles files, int? heads = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        var model = path is null ? null : Open(path);
        return files.Given.Any() ? SplitLayout.Open(model, files, heads) : model ?? throw new ArgumentException("There is neither a model nor a file.", nameof(files));
    }

    /// <summary>Opens a folder or file.</summary>
    /// <param name="path">A diffusers folder, a folder as Wan publishes it, or one weight file.</param>
    /// <param name="heads">For a single file whose heads are not as wide as the published models': their number.</param>
    /// <exception cref="WeightFileException">There is nothing of a known layout at that path, or a configuration is broken.</exception>
    public static Checkpoint Open(string path, int? heads = null)
    {
        if (File.Exists(path))
        {
            return SingleFileLayout.Open(path, heads);
        }

        if (File.Exists(System.IO.Path.Combine(path, DiffusersLayout.Index)))
        {
            return DiffusersLayout.Open(path);
        }

        if (!Directory.Exists(path))
        {
            throw new WeightFileException(path, "there is no such model folder or file.");
        }

        if (DiffusersLayout.FindParts(path).Count > 0)
        {
            return DiffusersLayout.Open(path);
        }

        var parts = OfficialLayout.FindParts(path);
        return parts.Count > 0
            ? OfficialLayout.Open(path, parts)
            : throw new WeightFileException(
                path, $"this folder is not a model of a known layout: it has neither {DiffusersLayout.Index} nor weights in Wan's own file names.");
    }

    /// <summary>Weights of the transformer (of the high-noise one, where there are two), in diffusers' names.</summary>
    public IWeightSource OpenTransformer() => OpenPart("transformer");

    /// <summary>Weights of the low-noise transformer, in diffusers' names.</summary>
    public IWeightSource OpenTransformer2() => OpenPart(SecondTransformer);

    /// <summary>Weights of the VAE, in diffusers' names.</summary>
    public IWeightSource OpenVae() => OpenPart("VAE");

    /// <summary>Weights of the text encoder, in transformers' names; the tied embedding is <c>shared.weight</c>.</summary>
    public IWeightSource OpenTextEncoder() => OpenPart("text encoder");

    /// <summary>Weights of the image encoder, in transformers' names (without the prefix <c>vision_model.</c>).</summary>
    public IWeightSource OpenImageEncoder() => OpenPart("image encoder");

    IWeightSource OpenPart(string name) =>
        Parts.FirstOrDefault(part => part.Name == name)?.Open() ?? throw new WeightFileException(Path, $"this model has no {name}.");
}
