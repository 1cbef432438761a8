namespace Engine.Model.Checkpoints;

/// <summary>Parts of a model in files of their own, as ComfyUI's users have them; each replaces that of the model folder, where there is one.</summary>
public sealed record CheckpointFiles
{
    /// <summary>The transformer (the high-noise one of two).</summary>
    public string? Transformer { get; init; }

    /// <summary>The low-noise transformer of two.</summary>
    public string? Transformer2 { get; init; }

    /// <summary>The VAE.</summary>
    public string? Vae { get; init; }

    /// <summary>The text encoder; it may hold the tokenizer as well.</summary>
    public string? TextEncoder { get; init; }

    /// <summary>The image encoder.</summary>
    public string? ImageEncoder { get; init; }

    /// <summary>The SentencePiece model, where neither the text encoder's file nor the model's folder has it.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Every file that is given, with the name of its field in snake case.</summary>
    public IEnumerable<(string Field, string Path)> Given =>
        new[]
        {
            ("transformer", Transformer), ("transformer2", Transformer2), ("vae", Vae),
            ("text_encoder", TextEncoder), ("image_encoder", ImageEncoder), ("tokenizer", Tokenizer),
        }.Where(file => file.Item2 is not null).Select(file => (file.Item1, file.Item2!));

    /// <summary>The same files, with relative paths counted from a folder.</summary>
    public CheckpointFiles RootedAt(string folder) => new()
    {
        Transformer = Rooted(Transformer, folder),
        Transformer2 = Rooted(Transformer2, folder),
        Vae = Rooted(Vae, folder),
        TextEncoder = Rooted(TextEncoder, folder),
        ImageEncoder = Rooted(ImageEncoder, folder),
        Tokenizer = Rooted(Tokenizer, folder),
    };

    static string? Rooted(string? path, string folder) => path is null ? null : Path.Combine(folder, path);
}
