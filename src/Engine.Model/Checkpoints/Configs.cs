using Engine.Model.Schedulers;
using Engine.Model.Text;
using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Vision;

namespace Engine.Model.Checkpoints;

/// <summary>Reads the configurations of a diffusers folder.</summary>
static class Configs
{
    // Far above any model there is; a number past it is a damaged file, not a model.
    const int MaxLayers = 1000;

    /// <summary><c>transformer/config.json</c>.</summary>
    public static TransformerConfig Transformer(string path)
    {
        using var json = ConfigReader.Open(path);
        json.Require("qk_norm", "rms_norm_across_heads");
        int[] patch = json.Ints("patch_size", minimum: 1, maximum: 64) ?? [1, 2, 2];
        if (patch.Length != 3)
        {
            throw json.Bad("patch_size", $"has {patch.Length} entries; it takes 3 (frames, rows, columns)");
        }

        int layers = json.Int("num_layers", maximum: MaxLayers);
        int[] vace = json.Ints("vace_layers", maximum: layers - 1) ?? [];
        return new TransformerConfig
        {
            InChannels = json.Int("in_channels"),
            OutChannels = json.Int("out_channels"),
            Heads = json.Int("num_attention_heads"),
            HeadDim = json.Int("attention_head_dim"),
            FfnDim = json.Int("ffn_dim"),
            Layers = layers,
            FreqDim = json.Int("freq_dim", 256),
            TextDim = json.Int("text_dim"),
            ImageDim = json.OptionalInt("image_dim"),
            AddedKvDim = json.OptionalInt("added_kv_proj_dim"),
            PosEmbedSeqLen = json.OptionalInt("pos_embed_seq_len"),
            Patch = (patch[0], patch[1], patch[2]),
            CrossAttnNorm = json.Bool("cross_attn_norm", true),
            Eps = json.Float("eps", 1e-6f),
            RopeMaxSeqLen = json.Int("rope_max_seq_len", 1024),
            VaceLayers = vace,
            VaceInChannels = vace.Length == 0 ? 0 : json.Int("vace_in_channels", 96),
            CameraAdapter = json.Bool("add_control_adapter", false)
                ? new CameraAdapterConfig(
                    json.Int("in_dim_control_adapter", CameraAdapterConfig.PublishedChannels),
                    json.Int("downscale_factor_control_adapter", 8, maximum: 64))
                : null,
        };
    }

    /// <summary><c>vae/config.json</c>.</summary>
    public static VaeConfig Vae(string path)
    {
        using var json = ConfigReader.Open(path);
        if (json.Floats("attn_scales") is { Length: > 0 })
        {
            throw json.Bad("attn_scales", "is not empty; the engine has no attention outside the middle block");
        }

        int width = json.Int("base_dim");
        int channels = json.Int("z_dim");
        var vae = new VaeConfig
        {
            BaseDim = width,
            DecoderBaseDim = json.Int("decoder_base_dim", width),
            ZDim = channels,
            DimMult = json.Ints("dim_mult", minimum: 1, maximum: 1024) ?? [1, 2, 4, 4],
            ResBlocks = json.Int("num_res_blocks", 2, maximum: MaxLayers),
            TemporalDownsample = json.Bools("temperal_downsample") ?? [false, true, true],
            InChannels = json.Int("in_channels", 3),
            OutChannels = json.Int("out_channels", 3),
            PatchSize = json.Int("patch_size", 1, maximum: 64),
            IsResidual = json.Bool("is_residual", false),
            LatentsMean = json.Floats("latents_mean") ?? throw json.Bad("latents_mean", "is missing"),
            LatentsStd = json.Floats("latents_std") ?? throw json.Bad("latents_std", "is missing"),
        };
        RequireLength(json, "latents_mean", vae.LatentsMean.Count, channels);
        RequireLength(json, "latents_std", vae.LatentsStd.Count, channels);
        RequireLength(json, "temperal_downsample", vae.TemporalDownsample.Count, vae.DimMult.Count - 1);
        return vae;
    }

    /// <summary><c>text_encoder/config.json</c>.</summary>
    public static TextEncoderConfig TextEncoder(string path)
    {
        using var json = ConfigReader.Open(path);
        json.Require("model_type", "umt5");
        json.Require("feed_forward_proj", "gated-gelu");
        return new TextEncoderConfig
        {
            DModel = json.Int("d_model"),
            DFf = json.Int("d_ff"),
            DKv = json.Int("d_kv"),
            Heads = json.Int("num_heads"),
            Layers = json.Int("num_layers", maximum: MaxLayers),
            VocabSize = json.Int("vocab_size"),
            RelativeBuckets = json.Int("relative_attention_num_buckets", 32),
            RelativeMaxDistance = json.Int("relative_attention_max_distance", 128),
            Eps = json.Float("layer_norm_epsilon", 1e-6f),
        };
    }

    /// <summary><c>image_encoder/config.json</c>, with the colour statistics of the processor's configuration if there is one.</summary>
    public static ImageEncoderConfig ImageEncoder(string path, string? processorPath)
    {
        using var json = ConfigReader.Open(path);
        var config = new ImageEncoderConfig
        {
            HiddenSize = json.Int("hidden_size"),
            IntermediateSize = json.Int("intermediate_size"),
            Layers = json.Int("num_hidden_layers", maximum: MaxLayers),
            Heads = json.Int("num_attention_heads"),
            ImageSize = json.Int("image_size", 224),
            PatchSize = json.Int("patch_size", 14),
            Eps = json.Float("layer_norm_eps", 1e-5f),
            HiddenAct = json.Text("hidden_act") ?? "quick_gelu",
        };
        if (config.HiddenAct is not ("gelu" or "quick_gelu"))
        {
            throw json.Bad("hidden_act", $"is '{config.HiddenAct}'; the engine has 'gelu' and 'quick_gelu'");
        }

        if (processorPath is null)
        {
            return config;
        }

        using var processor = ConfigReader.Open(processorPath);
        float[] mean = processor.Floats("image_mean") ?? [.. config.ImageMean];
        float[] std = processor.Floats("image_std") ?? [.. config.ImageStd];
        RequireLength(processor, "image_mean", mean.Length, 3);
        RequireLength(processor, "image_std", std.Length, 3);
        return config with { ImageMean = mean, ImageStd = std };
    }

    /// <summary><c>scheduler/scheduler_config.json</c>.</summary>
    public static SchedulerConfig Scheduler(string path)
    {
        using var json = ConfigReader.Open(path);
        string? name = json.Text("_class_name");
        return name switch
        {
            "UniPCMultistepScheduler" => new SchedulerConfig(SchedulerKind.UniPc, json.Float("flow_shift", 1)),
            "DPMSolverMultistepScheduler" => new SchedulerConfig(SchedulerKind.DpmPlusPlus, json.Float("flow_shift", 1)),
            "FlowMatchEulerDiscreteScheduler" => new SchedulerConfig(SchedulerKind.Euler, json.Float("shift", 1)),
            _ => throw json.Bad("_class_name", $"is {(name is null ? "missing" : $"'{name}'")}; the engine has UniPCMultistepScheduler, "
                + "DPMSolverMultistepScheduler and FlowMatchEulerDiscreteScheduler"),
        };
    }

    static void RequireLength(ConfigReader json, string field, int actual, int expected)
    {
        if (actual != expected)
        {
            throw json.Bad(field, $"has {actual} entries; it takes {expected}");
        }
    }
}
