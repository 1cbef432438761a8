using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>One weight file with one part of a model or with several, in any naming scheme and under any of the usual prefixes.</summary>
static class SingleFileLayout
{
    /// <summary>What messages call a part.</summary>
    public static string NameOf(ModelPart part) => part switch
    {
        ModelPart.Transformer => "transformer",
        ModelPart.Vae => "VAE",
        ModelPart.TextEncoder => "text encoder",
        _ => "image encoder",
    };

    public static Checkpoint Open(string path, int? heads)
    {
        var parts = CheckpointPart.InFile(path);
        var transformer = Config(ModelPart.Transformer, part => ConfigInference.Transformer(part.Table(), heads ?? HeadCount.Of(path)));

        // 48 channels are those of VAE 2.2, whose one published transformer takes timesteps per token.
        bool perToken = transformer is { OutChannels: 48 };
        var defaults = ModelDefaults.For(transformer, experts: false, perToken, path);
        var textEncoder = Config(ModelPart.TextEncoder, part => ConfigInference.TextEncoder(part.Table()));
        return new Checkpoint
        {
            Path = path,
            Layout = CheckpointLayout.SingleFile,
            Name = ModelDefaults.Name(transformer, experts: false) ?? Path.GetFileNameWithoutExtension(path),
            Info = defaults.Info,
            Transformer = transformer,
            Vae = Config(ModelPart.Vae, part => ConfigInference.Vae(OfficialLayout.StoredTable(part))),
            TextEncoder = textEncoder,
            ImageEncoder = Config(ModelPart.ImageEncoder, part => ConfigInference.ImageEncoder(part.Table(), parts.Count == 1 ? heads : null)),
            Scheduler = transformer is null ? null : defaults.Scheduler,
            TokenizerPath = textEncoder is null ? null : TokenizerFile.Near(path),
            Parts = parts,
        };

        T? Config<T>(ModelPart kind, Func<CheckpointPart, T> infer)
            where T : class => parts.FirstOrDefault(part => part.Kind == kind) is { } part ? infer(part) : null;
    }
}
