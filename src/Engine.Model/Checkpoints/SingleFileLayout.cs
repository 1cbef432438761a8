using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>One weight file with one part of a model, in any naming scheme and under any of the usual prefixes.</summary>
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
        using var source = WeightFiles.Open(path);
        var detected = PartDetector.Detect(source.Tensors)
            ?? throw new WeightFileException(path, "the tensors are not those of a Wan transformer, VAE, text encoder or image encoder.");
        var part = new CheckpointPart(NameOf(detected.Part), detected.Part, path);
        var transformer = detected.Part == ModelPart.Transformer ? ConfigInference.Transformer(part.Table(), heads) : null;

        // 48 channels are those of VAE 2.2, whose one published transformer takes timesteps per token.
        bool perToken = transformer is { OutChannels: 48 };
        var defaults = ModelDefaults.For(transformer, experts: false, perToken, path);
        return new Checkpoint
        {
            Path = path,
            Layout = CheckpointLayout.SingleFile,
            Name = ModelDefaults.Name(transformer, experts: false) ?? Path.GetFileNameWithoutExtension(path),
            Info = defaults.Info,
            Transformer = transformer,
            Vae = detected.Part == ModelPart.Vae ? ConfigInference.Vae(OfficialLayout.StoredTable(part)) : null,
            TextEncoder = detected.Part == ModelPart.TextEncoder ? ConfigInference.TextEncoder(part.Table()) : null,
            ImageEncoder = detected.Part == ModelPart.ImageEncoder ? ConfigInference.ImageEncoder(part.Table(), heads) : null,
            Scheduler = transformer is null ? null : defaults.Scheduler,
            Parts = [part],
        };
    }
}
