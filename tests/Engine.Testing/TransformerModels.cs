using System.Text.Json;
using Engine.Kernels;
using Engine.Model.Transformer;
using Engine.Model.Weights;

namespace Engine.Testing;

/// <summary>Loads the transformers of small diffusers folders.</summary>
public static class TransformerModels
{
    /// <summary>Reads <c>config.json</c> of a transformer folder.</summary>
    public static TransformerConfig Config(string folder)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        var root = json.RootElement;
        int? Optional(string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : null;
        int Number(string name) => root.GetProperty(name).GetInt32();
        var patch = root.GetProperty("patch_size");
        return new TransformerConfig
        {
            InChannels = Number("in_channels"),
            OutChannels = Number("out_channels"),
            Heads = Number("num_attention_heads"),
            HeadDim = Number("attention_head_dim"),
            FfnDim = Number("ffn_dim"),
            Layers = Number("num_layers"),
            FreqDim = Number("freq_dim"),
            TextDim = Number("text_dim"),
            ImageDim = Optional("image_dim"),
            AddedKvDim = Optional("added_kv_proj_dim"),
            PosEmbedSeqLen = Optional("pos_embed_seq_len"),
            Patch = (patch[0].GetInt32(), patch[1].GetInt32(), patch[2].GetInt32()),
            CrossAttnNorm = root.GetProperty("cross_attn_norm").GetBoolean(),
            Eps = root.GetProperty("eps").GetSingle(),
            RopeMaxSeqLen = Number("rope_max_seq_len"),
            VaceLayers = root.TryGetProperty("vace_layers", out var layers) ? [.. layers.EnumerateArray().Select(l => l.GetInt32())] : [],
            VaceInChannels = Optional("vace_in_channels") ?? 0,
        };
    }

    /// <summary>Opens the weights of a transformer folder.</summary>
    public static IWeightSource Open(string folder) => SafetensorsFile.Open(Path.Combine(folder, "diffusion_pytorch_model.safetensors"));

    /// <summary>Loads a transformer folder and checks that every tensor was used.</summary>
    public static WanTransformer Load(string folder, Device device, bool streamed = false)
    {
        if (streamed)
        {
            return WanTransformer.LoadStreamed(Open(folder), Config(folder), device);
        }

        using var source = Open(folder);
        var store = new WeightStore(source, device);
        var model = WanTransformer.Load(store.Root, Config(folder), device);
        store.Complete();
        return model;
    }

    /// <summary>The velocity that a model makes of the inputs of a golden case with one timestep and no picture.</summary>
    /// <param name="model">The model.</param>
    /// <param name="golden">The case.</param>
    /// <param name="device">Where the model is.</param>
    public static float[] Forward(WanTransformer model, Golden golden, Device device)
    {
        using var latent = golden.Tensor("hidden_states", device, rank: 4);
        using var text = golden.Tensor("encoder_hidden_states", device, rank: 2);
        using var scratch = new Workspace(device);
        using var context = model.Prepare(text, default, scratch, keepKeyValues: false);
        using var timesteps = TimestepMap.Single(golden.Floats("timestep")[0]);
        using var velocity = device.NewTensor(latent.Shape);
        model.Forward(latent, timesteps, context, velocity, scratch);
        return velocity.ToArray();
    }
}
