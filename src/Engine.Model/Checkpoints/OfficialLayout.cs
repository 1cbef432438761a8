using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>A folder as Wan publishes it: <c>config.json</c> and safetensors, <c>.pth</c> files for text encoder, VAE and CLIP.</summary>
/// <remarks>
/// Two experts lie in <c>high_noise_model</c> and <c>low_noise_model</c>. File names: wan/configs of Wan-Video/Wan2.2
/// @ 42bf4cfaa384bc21833865abc2f9e6c0e67233dc.
/// </remarks>
static class OfficialLayout
{
    const string HighNoise = "high_noise_model";
    const string LowNoise = "low_noise_model";

    /// <summary>The parts of a folder; none when it is no such folder.</summary>
    /// <exception cref="WeightFileException">Two files could be the same part.</exception>
    public static IReadOnlyList<CheckpointPart> FindParts(string path)
    {
        var parts = new List<CheckpointPart>();
        if (Weights(Path.Combine(path, HighNoise)) is { } high && Weights(Path.Combine(path, LowNoise)) is { } low)
        {
            parts.Add(new CheckpointPart("transformer", ModelPart.Transformer, high));
            parts.Add(new CheckpointPart("second transformer", ModelPart.Transformer, low));
        }
        else if (Weights(path) is { } only)
        {
            parts.Add(new CheckpointPart("transformer", ModelPart.Transformer, only));
        }

        Add("text encoder", ModelPart.TextEncoder, "models_t5_*");
        Add("VAE", ModelPart.Vae, "*_VAE.*");
        Add("image encoder", ModelPart.ImageEncoder, "models_clip_*");
        return parts;

        void Add(string name, ModelPart kind, string pattern)
        {
            if (One(path, pattern) is { } file)
            {
                parts.Add(new CheckpointPart(name, kind, file));
            }
        }
    }

    /// <summary>Opens such a folder.</summary>
    /// <param name="path">Folder.</param>
    /// <param name="parts">What <see cref="FindParts"/> found.</param>
    /// <exception cref="WeightFileException">A configuration does not fit its weights.</exception>
    public static Checkpoint Open(string path, IReadOnlyList<CheckpointPart> parts)
    {
        var transformers = parts.Where(part => part.Kind == ModelPart.Transformer).ToList();
        var configs = transformers.ConvertAll(Transformer);
        if (configs.Count == 2 && !KnownModels.Same(configs[0].Config, configs[1].Config))
        {
            throw new WeightFileException(path, $"{HighNoise} and {LowNoise} have different sizes; the engine runs experts of one size.");
        }

        var vae = parts.FirstOrDefault(part => part.Kind == ModelPart.Vae) is { } vaePart ? ConfigInference.Vae(StoredTable(vaePart)) : null;
        var text = parts.FirstOrDefault(part => part.Kind == ModelPart.TextEncoder) is { } textPart ? ConfigInference.TextEncoder(textPart.Table()) : null;
        var image = parts.FirstOrDefault(part => part.Kind == ModelPart.ImageEncoder) is { } imagePart
            ? ConfigInference.ImageEncoder(imagePart.Table(), heads: null)
            : null;
        var transformer = configs.Count > 0 ? configs[0].Config : null;
        string? modelType = configs.Count > 0 ? configs[0].ModelType : null;
        string tokenizer = Path.Combine(path, "google", "umt5-xxl", "spiece.model");
        var defaults = ModelDefaults.For(transformer, configs.Count == 2, modelType == "ti2v" || vae?.IsResidual == true, path);
        return new Checkpoint
        {
            Path = path,
            Layout = CheckpointLayout.Official,
            Name = ModelDefaults.Name(transformer, configs.Count == 2) ?? new DirectoryInfo(path).Name,
            Info = configs is [{ TextLength: { } length }, ..] ? defaults.Info with { MaxSequenceLength = length } : defaults.Info,
            Transformer = transformer,
            Vae = vae,
            TextEncoder = text,
            ImageEncoder = image,
            Scheduler = transformer is null ? null : defaults.Scheduler,
            TokenizerPath = File.Exists(tokenizer) ? tokenizer : null,
            Parts = parts,
        };
    }

    /// <summary>The names and shapes of a VAE as its file has them.</summary>
    public static ShapeTable StoredTable(CheckpointPart part)
    {
        using var source = part.OpenStored();
        return PartDetector.Table(source, PartDetector.Detect(source.Tensors)?.Prefix ?? "");
    }

    static (TransformerConfig Config, string? ModelType, int? TextLength) Transformer(CheckpointPart part)
    {
        string file = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(part.Path))!, "config.json");
        var table = part.Table();
        if (!File.Exists(file))
        {
            return (ConfigInference.Transformer(table, heads: null), null, null);
        }

        using var json = ConfigReader.Open(file);
        var config = ConfigInference.Transformer(table, json.Int("num_heads"));

        // The shapes decide; what the configuration says besides must agree with them.
        Agree(json, "dim", config.Width);
        Agree(json, "ffn_dim", config.FfnDim);
        Agree(json, "freq_dim", config.FreqDim);
        Agree(json, "in_dim", config.InChannels);
        Agree(json, "out_dim", config.OutChannels);
        Agree(json, "text_dim", config.TextDim);
        Agree(json, "num_layers", config.Layers);
        Agree(json, "vace_in_dim", config.VaceInChannels);
        if (json.Ints("vace_layers") is { } control)
        {
            if (control.Length != config.VaceLayers.Count || control.Any(layer => layer >= config.Layers))
            {
                throw json.Bad("vace_layers", $"has {control.Length} entries for {config.VaceLayers.Count} control blocks in the weights");
            }

            config = config with { VaceLayers = control };
        }

        return (config with { Eps = json.Float("eps", config.Eps) }, json.Text("model_type"), json.OptionalInt("text_len"));
    }

    static void Agree(ConfigReader json, string field, int actual)
    {
        if (json.OptionalInt(field, minimum: 0) is { } said && said != actual)
        {
            throw json.Bad(field, $"is {said}, but the weights have {actual}");
        }
    }

    static string? Weights(string folder)
    {
        string single = Path.Combine(folder, "diffusion_pytorch_model.safetensors");
        string sharded = $"{single}.index.json";
        return File.Exists(single) ? single : File.Exists(sharded) ? sharded : null;
    }

    static string? One(string folder, string pattern)
    {
        if (!Directory.Exists(folder))
        {
            return null;
        }

        string[] files =
        [
            .. Directory.EnumerateFiles(folder, pattern)
                .Where(file => WeightFiles.Endings.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
                .Order(StringComparer.Ordinal),
        ];
        return files.Length <= 1
            ? files.FirstOrDefault()
            : throw new WeightFileException(folder, $"{Path.GetFileName(files[0])} and {Path.GetFileName(files[1])} could be the same part; keep one.");
    }
}
