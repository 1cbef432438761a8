using Engine.Model.Transformer;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>A folder as diffusers saves a pipeline: <c>model_index.json</c> and one folder for each part.</summary>
/// <remarks>Without the index it is a folder of parts, as someone gets who downloads only what he needs.</remarks>
static class DiffusersLayout
{
    /// <summary>The file that marks such a folder.</summary>
    public const string Index = "model_index.json";

    const string DiffusersStem = "diffusion_pytorch_model";
    const string TransformersStem = "model";

    public static Checkpoint Open(string path)
    {
        using var index = File.Exists(Path.Combine(path, Index)) ? ConfigReader.Open(Path.Combine(path, Index)) : null;
        var transformer = Config(path, "transformer", Configs.Transformer);
        var vae = Config(path, "vae", Configs.Vae);
        var textEncoder = Config(path, "text_encoder", Configs.TextEncoder);
        string processor = Path.Combine(path, "image_processor", "preprocessor_config.json");
        var imageEncoder = Config(
            path, "image_encoder", file => Configs.ImageEncoder(file, File.Exists(processor) ? processor : null));
        var transformer2 = Config(path, "transformer_2", Configs.Transformer);
        if (transformer2 is not null && transformer is not null && !KnownModels.Same(transformer, transformer2))
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
            Name = index?.Child("engine")?.Text("name") ?? ModelDefaults.Name(transformer, transformer2 is not null) ?? new DirectoryInfo(path).Name,
            Info = Info(index, transformer, transformer2 is not null, path),
            Transformer = transformer,
            Vae = vae,
            TextEncoder = textEncoder,
            ImageEncoder = imageEncoder,
            Scheduler = File.Exists(scheduler) ? Configs.Scheduler(scheduler) : null,
            TokenizerPath = File.Exists(tokenizer) ? tokenizer : null,
            Parts = FindParts(path),
        };
    }

    /// <summary>The parts that have a configuration; a part without weights is named by the file they should be in.</summary>
    public static IReadOnlyList<CheckpointPart> FindParts(string path)
    {
        (string Folder, string Name, ModelPart Kind, string Stem)[] known =
        [
            ("transformer", "transformer", ModelPart.Transformer, DiffusersStem),
            ("transformer_2", "second transformer", ModelPart.Transformer, DiffusersStem),
            ("vae", "VAE", ModelPart.Vae, DiffusersStem),
            ("text_encoder", "text encoder", ModelPart.TextEncoder, TransformersStem),
            ("image_encoder", "image encoder", ModelPart.ImageEncoder, TransformersStem),
        ];
        return
        [
            .. known.Where(part => File.Exists(Path.Combine(path, part.Folder, "config.json")))
                .Select(part => new CheckpointPart(part.Name, part.Kind, WeightsOf(Path.Combine(path, part.Folder), part.Stem))),
        ];
    }

    /// <summary>The folders that the index says the model has.</summary>
    public static IReadOnlyList<string> DeclaredFolders(string path)
    {
        using var index = ConfigReader.Open(Path.Combine(path, Index));
        string[] known = ["transformer", "transformer_2", "vae", "text_encoder", "image_encoder", "tokenizer", "scheduler"];

        // An entry is [library, class]; a part that the model does not have is [null, null].
        return [.. known.Where(name => index.IsPair(name))];
    }

    static string WeightsOf(string folder, string stem)
    {
        string single = Path.Combine(folder, $"{stem}.safetensors");
        string sharded = $"{single}.index.json";
        return !File.Exists(single) && File.Exists(sharded) ? sharded : single;
    }

    static T? Config<T>(string path, string part, Func<string, T> read)
        where T : class
    {
        string file = Path.Combine(path, part, "config.json");
        return File.Exists(file) ? read(file) : null;
    }

    static ModelInfo Info(ConfigReader? index, TransformerConfig? transformer, bool experts, string path)
    {
        bool perToken = index?.Bool("expand_timesteps", false) ?? false;
        var info = ModelDefaults.For(transformer, experts, perToken, path).Info;
        if (index is null)
        {
            return info;
        }

        info = info with { BoundaryRatio = index.OptionalFloat("boundary_ratio") ?? info.BoundaryRatio };
        using var engine = index.Child("engine");
        return engine is null ? info : Declared(engine, info);
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
        MotionClocks = Clocks(engine) ?? info.MotionClocks,
        MaxSequenceLength = engine.Int("max_sequence_length", info.MaxSequenceLength),
        EndFrame = engine.Text("end_frame") switch
        {
            null => info.EndFrame,
            "appended latent frame" => EndFrameStyle.AppendedLatentFrame,
            "last pixel frame" => EndFrameStyle.LastPixelFrame,
            var other => throw engine.Bad("end_frame", $"is '{Printable.Text(other)}'; the engine has 'appended latent frame' and 'last pixel frame'"),
        },
    };

    static (double Tweak, double Strong)? Clocks(ConfigReader engine) => engine.Floats("motion_clocks") switch
    {
        null => null,
        [var tweak and >= 0, var strong and <= 1] when tweak <= strong => (tweak, strong),
        _ => throw engine.Bad("motion_clocks", "is not two numbers from 0 to 1 in ascending order"),
    };

    static Abilities Ability(ConfigReader engine, string name) => name switch
    {
        "text" => Abilities.Text,
        "first_frame" => Abilities.FirstFrame,
        "first_last_frame" => Abilities.FirstLastFrame,
        "extend" => Abilities.Extend,
        "mask" => Abilities.Mask,
        "video" => Abilities.Video,
        "keyframes" => Abilities.Keyframes,
        "extend_backward" => Abilities.ExtendBackward,
        "tracks" => Abilities.Tracks,
        _ => throw engine.Bad(
            "abilities", $"names '{Printable.Text(name)}'; the engine knows text, first_frame, first_last_frame, keyframes, extend, extend_backward, mask, video and tracks"),
    };
}
