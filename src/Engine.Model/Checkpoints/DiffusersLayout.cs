using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>A folder as diffusers saves a pipeline: <c>model_index.json</c> and one folder for each part.</summary>
static class DiffusersLayout
{
    /// <summary>The file that marks such a folder.</summary>
    public const string Index = "model_index.json";

    const string DiffusersStem = "diffusion_pytorch_model";
    const string TransformersStem = "model";

    public static Checkpoint Open(string path)
    {
        using var index = ConfigReader.Open(Path.Combine(path, Index));
        var transformer = Config(path, "transformer", Configs.Transformer);
        var vae = Config(path, "vae", Configs.Vae);
        var textEncoder = Config(path, "text_encoder", Configs.TextEncoder);
        string processor = Path.Combine(path, "image_processor", "preprocessor_config.json");
        var imageEncoder = Config(
            path, "image_encoder", file => Configs.ImageEncoder(file, File.Exists(processor) ? processor : null));
        var transformer2 = Config(path, "transformer_2", Configs.Transformer);
        if (transformer2 is not null && transformer is not null && !SameSizes(transformer, transformer2))
        {
            throw new WeightFileException(
                Path.Combine(path, "transformer_2", "config.json"), "the two transformers have different sizes; the engine runs experts of one size.");
        }

        string tokenizer = Path.Combine(path, "tokenizer", "spiece.model");
        string scheduler = Path.Combine(path, "scheduler", "scheduler_config.json");
        return new Checkpoint
        {
            Path = path,
            Layout = CheckpointLayout.Diffusers,
            Name = index.Child("engine")?.Text("name") ?? new DirectoryInfo(path).Name,
            Info = Info(index, transformer, vae),
            Transformer = transformer,
            Vae = vae,
            TextEncoder = textEncoder,
            ImageEncoder = imageEncoder,
            Scheduler = File.Exists(scheduler) ? Configs.Scheduler(scheduler) : null,
            TokenizerPath = File.Exists(tokenizer) ? tokenizer : null,
            TransformerPart = transformer is null ? null : () => OpenPart(path, "transformer", DiffusersStem),
            Transformer2Part = transformer2 is null ? null : () => OpenPart(path, "transformer_2", DiffusersStem),
            VaePart = vae is null ? null : () => OpenPart(path, "vae", DiffusersStem),
            TextEncoderPart = textEncoder is null ? null : () => OpenPart(path, "text_encoder", TransformersStem),
            ImageEncoderPart = imageEncoder is null ? null : () => OpenPart(path, "image_encoder", TransformersStem),
        };
    }

    /// <summary>Opens one file, or the index of several.</summary>
    public static IWeightSource OpenPart(string path, string part, string stem)
    {
        string folder = Path.Combine(path, part);
        string single = Path.Combine(folder, $"{stem}.safetensors");
        string sharded = $"{single}.index.json";
        return File.Exists(single) ? SafetensorsFile.Open(single)
            : File.Exists(sharded) ? ShardedSource.Open(sharded)
            : throw new WeightFileException(folder, $"there is neither {stem}.safetensors nor {stem}.safetensors.index.json.");
    }

    static T? Config<T>(string path, string part, Func<string, T> read)
        where T : class
    {
        string file = Path.Combine(path, part, "config.json");
        return File.Exists(file) ? read(file) : null;
    }

    static bool SameSizes(TransformerConfig a, TransformerConfig b) =>
        a.VaceLayers.SequenceEqual(b.VaceLayers) && a with { VaceLayers = [] } == b with { VaceLayers = [] };

    static ModelInfo Info(ConfigReader index, TransformerConfig? transformer, VaeConfig? vae)
    {
        bool expand = index.Bool("expand_timesteps", false);
        var info = new ModelInfo
        {
            Abilities = Infer(transformer, expand),
            ExpandTimesteps = expand,
            BoundaryRatio = index.OptionalFloat("boundary_ratio"),
            EndFrame = transformer?.PosEmbedSeqLen is null ? EndFrameStyle.None : EndFrameStyle.LastPixelFrame,
            NegativePrompt = transformer switch
            {
                { PosEmbedSeqLen: not null } => $"镜头切换，{ModelInfo.WanNegativePrompt}",
                { ImageDim: not null } => $"镜头晃动，{ModelInfo.WanNegativePrompt}",
                _ => ModelInfo.WanNegativePrompt,
            },
        };
        if (vae?.IsResidual == true)
        {
            // Wan 2.2 TI2V's own defaults: 720p at 24 frames a second, sides in multiples of 32.
            info = info with { Width = 1280, Height = 704, Frames = 121, Fps = 24 };
        }

        using var engine = index.Child("engine");
        return engine is null ? info : Declared(engine, info);
    }

    static Abilities Infer(TransformerConfig? transformer, bool expandTimesteps)
    {
        if (transformer is null)
        {
            return Abilities.None;
        }

        if (transformer.PosEmbedSeqLen is not null)
        {
            return Abilities.FirstLastFrame;
        }

        // Twenty channels more than come out: 4 of mask and 16 of the conditioning latent.
        if (transformer.InChannels != transformer.OutChannels)
        {
            return Abilities.FirstFrame;
        }

        return expandTimesteps ? Abilities.Text | Abilities.Video | Abilities.FirstFrame : Abilities.Text | Abilities.Video;
    }

    static ModelInfo Declared(ConfigReader engine, ModelInfo info) => info with
    {
        Abilities = engine.Texts("abilities") is { } names
            ? names.Aggregate(info.Abilities & Abilities.Video, (sum, name) => sum | Ability(engine, name))
            : info.Abilities,
        Width = engine.Int("width", info.Width),
        Height = engine.Int("height", info.Height),
        Frames = engine.Int("num_frames", info.Frames),
        Fps = engine.Float("fps", (float)info.Fps),
        Steps = engine.Int("steps", info.Steps),
        Guidance = engine.Float("guidance_scale", info.Guidance),
        Guidance2 = engine.OptionalFloat("guidance_scale_2") ?? info.Guidance2,
        // A model that declares its own defaults was not trained with Wan's negative prompt unless it says so.
        NegativePrompt = engine.Text("negative_prompt") ?? "",
        MaxSequenceLength = engine.Int("max_sequence_length", info.MaxSequenceLength),
        EndFrame = engine.Text("end_frame") switch
        {
            null => info.EndFrame,
            "appended latent frame" => EndFrameStyle.AppendedLatentFrame,
            "last pixel frame" => EndFrameStyle.LastPixelFrame,
            var other => throw engine.Bad("end_frame", $"is '{Printable.Text(other)}'; the engine has 'appended latent frame' and 'last pixel frame'"),
        },
    };

    static Abilities Ability(ConfigReader engine, string name) => name switch
    {
        "text" => Abilities.Text,
        "first_frame" => Abilities.FirstFrame,
        "first_last_frame" => Abilities.FirstLastFrame,
        "extend" => Abilities.Extend,
        "mask" => Abilities.Mask,
        "video" => Abilities.Video,
        _ => throw engine.Bad(
            "abilities", $"names '{Printable.Text(name)}'; the engine knows text, first_frame, first_last_frame, extend, mask and video"),
    };
}
