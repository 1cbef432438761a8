using Engine.Model.Text;
using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>A model whose parts are files of their own, alone or in place of the parts of a model folder.</summary>
static class SplitLayout
{
    /// <summary>Puts a model together.</summary>
    /// <param name="model">A model that has the other parts, or null.</param>
    /// <param name="files">The files; at least one.</param>
    /// <param name="heads">Number of heads, where they are not as wide as the published models'.</param>
    /// <exception cref="WeightFileException">A file is not what it is given as, or does not go with the others.</exception>
    public static Checkpoint Open(Checkpoint? model, CheckpointFiles files, int? heads)
    {
        var parts = model?.Parts.ToDictionary(part => part.Name) ?? [];
        Put("transformer", ModelPart.Transformer, files.Transformer);
        Put("second transformer", ModelPart.Transformer, files.Transformer2);
        Put("VAE", ModelPart.Vae, files.Vae);
        Put("text encoder", ModelPart.TextEncoder, files.TextEncoder);
        Put("image encoder", ModelPart.ImageEncoder, files.ImageEncoder);
        var transformer = Transformer(files.Transformer, model, parts.GetValueOrDefault("transformer"), heads);
        if (files.Transformer2 is not null && transformer is not null
            && !KnownModels.Same(transformer, ConfigInference.Transformer(parts["second transformer"].Table(), transformer.Heads)))
        {
            throw new WeightFileException(files.Transformer2, $"this transformer and {files.Transformer ?? model!.Path} have different sizes; experts have the same.");
        }

        bool experts = parts.ContainsKey("second transformer");
        var vae = files.Vae is null ? model?.Vae : Vae(parts["VAE"], model?.Vae);
        var text = files.TextEncoder is null ? model?.TextEncoder : Text(parts["text encoder"], model?.TextEncoder);
        var image = files.ImageEncoder is null ? model?.ImageEncoder : ConfigInference.ImageEncoder(parts["image encoder"].Table(), heads: null);
        if (transformer is not null && vae is not null && vae.ZDim != transformer.OutChannels)
        {
            throw new WeightFileException(parts["VAE"].Path, $"this VAE has {vae.ZDim} latent channels, and the transformer makes {transformer.OutChannels}; they belong to different models.");
        }

        if (transformer is not null && text is not null && text.DModel != transformer.TextDim)
        {
            throw new WeightFileException(parts["text encoder"].Path, $"this text encoder is {text.DModel} wide, and the transformer takes {transformer.TextDim}; they belong to different models.");
        }

        // What a folder says of itself holds as long as its transformer is replaced by one of the same kind.
        bool same = model?.Transformer is { } own && transformer is not null && KnownModels.Same(own, transformer) && model.HasTransformer2 == experts;
        var defaults = ModelDefaults.For(transformer, experts, vae?.IsResidual ?? transformer is { InChannels: 48, OutChannels: 48 }, files.Transformer ?? model?.Path ?? "");
        return new Checkpoint
        {
            Path = model?.Path ?? files.Given.First().Path,
            Layout = CheckpointLayout.Split,
            Name = same ? model!.Name : ModelDefaults.Name(transformer, experts) ?? Path.GetFileNameWithoutExtension(files.Given.First().Path),
            Info = same ? model!.Info : defaults.Info,
            Transformer = transformer,
            Vae = vae,
            TextEncoder = text,
            ImageEncoder = image,
            Scheduler = same ? model!.Scheduler : transformer is null ? null : defaults.Scheduler,
            TokenizerPath = files.Tokenizer ?? TokenizerFile.Near(files.TextEncoder) ?? model?.TokenizerPath,
            Parts = [.. parts.Values],
            Notes = [.. parts.Values.Where(part => files.Given.Any(file => file.Path == part.Path)).Select(part => part.Describe())],
        };

        void Put(string name, ModelPart kind, string? path)
        {
            if (path is not null)
            {
                var part = new CheckpointPart(name, kind, path);

                // Says at once when it is another part.
                part.Open().Dispose();
                parts[name] = part;
            }
        }
    }

    static TransformerConfig? Transformer(string? path, Checkpoint? model, CheckpointPart? part, int? heads)
    {
        if (path is null || part is null)
        {
            return model?.Transformer;
        }

        var table = part.Table();
        var config = ConfigInference.Transformer(table, heads ?? HeadCount.Of(path) ?? UsualHeads(table) ?? model?.Transformer?.Heads);

        // Epsilons and the like are in no file; a model of the same sizes knows them.
        return model?.Transformer is { } own && KnownModels.Same(own, config) ? own : config;
    }

    // What no shape shows (the scale of the latents, epsilons) a model of the same sizes knows.
    static VaeConfig Vae(CheckpointPart part, VaeConfig? known)
    {
        var config = ConfigInference.Vae(OfficialLayout.StoredTable(part));
        return known is not null && KnownModels.Same(known, config) ? known : config;
    }

    static TextEncoderConfig Text(CheckpointPart part, TextEncoderConfig? known)
    {
        var config = ConfigInference.TextEncoder(part.Table());
        return known is not null && ExpectedTensors.Of(known).SequenceEqual(ExpectedTensors.Of(config)) ? known : config;
    }

    // Null where the published models' width of a head does not divide the model's: then a number must be given.
    static int? UsualHeads(ShapeTable table) => table.Extent("patch_embedding.weight", 0) is var width && width % 128 == 0 ? width / 128 : null;
}
