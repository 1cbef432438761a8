using Engine.Kernels;
using Engine.Model.Text;
using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Vision;

namespace Engine.Model.Checkpoints;

/// <summary>Names and shapes of all tensors of a model of given sizes, in diffusers' and transformers' names.</summary>
/// <remarks>
/// For what is asked before anything is loaded: what a file is, and what it lacks. Tests hold it against the lists of the
/// published checkpoints and against what the models themselves ask for when they load.
/// </remarks>
public static class ExpectedTensors
{
    /// <summary>A transformer.</summary>
    public static IReadOnlyList<(string Name, Shape Shape)> Of(TransformerConfig config)
    {
        var list = new Lister();
        int width = config.Width;
        var (t, h, w) = config.Patch;
        list.Add("patch_embedding.weight", [width, config.InChannels, t, h, w]);
        list.Add("patch_embedding.bias", [width]);
        const string condition = "condition_embedder";
        list.Linear($"{condition}.time_embedder.linear_1", width, config.FreqDim);
        list.Linear($"{condition}.time_embedder.linear_2", width, width);
        list.Linear($"{condition}.time_proj", 6 * width, width);
        list.Linear($"{condition}.text_embedder.linear_1", width, config.TextDim);
        list.Linear($"{condition}.text_embedder.linear_2", width, width);
        if (config.ImageDim is { } image)
        {
            list.Norm($"{condition}.image_embedder.norm1", image);
            list.Linear($"{condition}.image_embedder.ff.net.0.proj", image, image);
            list.Linear($"{condition}.image_embedder.ff.net.2", width, image);
            list.Norm($"{condition}.image_embedder.norm2", width);
            if (config.PosEmbedSeqLen is { } length)
            {
                list.Add($"{condition}.image_embedder.pos_embed", [1, length, image]);
            }
        }

        for (int i = 0; i < config.Layers; i++)
        {
            Block(list, $"blocks.{i}", config, config.AddedKvDim);
        }

        for (int i = 0; i < config.VaceLayers.Count; i++)
        {
            // Only the first control block mixes the control into the video tokens; each hands its result on.
            if (i == 0)
            {
                list.Linear("vace_blocks.0.proj_in", width, width);
            }

            Block(list, $"vace_blocks.{i}", config, addedKvDim: null);
            list.Linear($"vace_blocks.{i}.proj_out", width, width);
        }

        if (config.VaceLayers.Count > 0)
        {
            list.Add("vace_patch_embedding.weight", [width, config.VaceInChannels, t, h, w]);
            list.Add("vace_patch_embedding.bias", [width]);
        }

        if (config.CameraAdapter is { } camera)
        {
            list.Conv("control_adapter.conv", width, camera.Channels * camera.Downscale * camera.Downscale, h, w);
            for (int i = 0; i < camera.ResidualBlocks; i++)
            {
                list.Conv($"control_adapter.residual_blocks.{i}.conv1", width, width, 3, 3);
                list.Conv($"control_adapter.residual_blocks.{i}.conv2", width, width, 3, 3);
            }
        }

        list.Linear("proj_out", config.OutChannels * t * h * w, width);
        list.Add("scale_shift_table", [1, 2, width]);
        return list.All;
    }

    /// <summary>A text encoder.</summary>
    public static IReadOnlyList<(string Name, Shape Shape)> Of(TextEncoderConfig config)
    {
        var list = new Lister();
        int inner = config.Heads * config.DKv;
        list.Add("shared.weight", [config.VocabSize, config.DModel]);
        for (int i = 0; i < config.Layers; i++)
        {
            string attention = $"encoder.block.{i}.layer.0";
            list.Add($"{attention}.layer_norm.weight", [config.DModel]);
            list.Add($"{attention}.SelfAttention.q.weight", [inner, config.DModel]);
            list.Add($"{attention}.SelfAttention.k.weight", [inner, config.DModel]);
            list.Add($"{attention}.SelfAttention.v.weight", [inner, config.DModel]);
            list.Add($"{attention}.SelfAttention.o.weight", [config.DModel, inner]);
            list.Add($"{attention}.SelfAttention.relative_attention_bias.weight", [config.RelativeBuckets, config.Heads]);
            string feedForward = $"encoder.block.{i}.layer.1";
            list.Add($"{feedForward}.layer_norm.weight", [config.DModel]);
            list.Add($"{feedForward}.DenseReluDense.wi_0.weight", [config.DFf, config.DModel]);
            list.Add($"{feedForward}.DenseReluDense.wi_1.weight", [config.DFf, config.DModel]);
            list.Add($"{feedForward}.DenseReluDense.wo.weight", [config.DModel, config.DFf]);
        }

        list.Add("encoder.final_layer_norm.weight", [config.DModel]);
        return list.All;
    }

    /// <summary>An image encoder, with the last layer and the last norm, which the engine does not run.</summary>
    public static IReadOnlyList<(string Name, Shape Shape)> Of(ImageEncoderConfig config)
    {
        var list = new Lister();
        int width = config.HiddenSize;
        int side = config.ImageSize / config.PatchSize;
        list.Add("embeddings.class_embedding", [width]);
        list.Add("embeddings.patch_embedding.weight", [width, 3, config.PatchSize, config.PatchSize]);
        list.Add("embeddings.position_embedding.weight", [(side * side) + 1, width]);
        list.Norm("pre_layrnorm", width);
        for (int i = 0; i < config.Layers; i++)
        {
            string layer = $"encoder.layers.{i}";
            list.Norm($"{layer}.layer_norm1", width);
            list.Linear($"{layer}.self_attn.q_proj", width, width);
            list.Linear($"{layer}.self_attn.k_proj", width, width);
            list.Linear($"{layer}.self_attn.v_proj", width, width);
            list.Linear($"{layer}.self_attn.out_proj", width, width);
            list.Norm($"{layer}.layer_norm2", width);
            list.Linear($"{layer}.mlp.fc1", config.IntermediateSize, width);
            list.Linear($"{layer}.mlp.fc2", width, config.IntermediateSize);
        }

        list.Norm("post_layernorm", width);
        return list.All;
    }

    /// <summary>A VAE, encoder and decoder.</summary>
    public static IReadOnlyList<(string Name, Shape Shape)> Of(VaeConfig config)
    {
        var list = new Lister();
        int levels = config.DimMult.Count;
        int[] widths = [config.BaseDim, .. config.DimMult.Select(factor => factor * config.BaseDim)];
        list.Conv("encoder.conv_in", widths[0], config.InChannels, 3, 3, 3);
        int flat = 0;
        for (int level = 0; level < levels; level++)
        {
            for (int i = 0; i < config.ResBlocks; i++)
            {
                string block = config.IsResidual ? $"encoder.down_blocks.{level}.resnets.{i}" : $"encoder.down_blocks.{flat++}";
                list.Residual(block, i == 0 ? widths[level] : widths[level + 1], widths[level + 1]);
            }

            if (level + 1 < levels)
            {
                string block = config.IsResidual ? $"encoder.down_blocks.{level}.downsampler" : $"encoder.down_blocks.{flat++}";
                list.Resample(block, widths[level + 1], widths[level + 1], config.TemporalDownsample[level] ? widths[level + 1] : 0);
            }
        }

        Middle(list, "encoder", widths[^1]);
        list.Add("encoder.norm_out.gamma", [widths[^1], 1, 1, 1]);
        list.Conv("encoder.conv_out", 2 * config.ZDim, widths[^1], 3, 3, 3);
        list.Conv("quant_conv", 2 * config.ZDim, 2 * config.ZDim, 1, 1, 1);
        list.Conv("post_quant_conv", config.ZDim, config.ZDim, 1, 1, 1);
        Decoder(list, config);
        return list.All;
    }

    static void Decoder(Lister list, VaeConfig config)
    {
        int levels = config.DimMult.Count;
        int[] widths = [config.DimMult[^1] * config.DecoderBaseDim, .. config.DimMult.Reverse().Select(factor => factor * config.DecoderBaseDim)];
        list.Conv("decoder.conv_in", widths[0], config.ZDim, 3, 3, 3);
        Middle(list, "decoder", widths[0]);
        for (int level = 0; level < levels; level++)
        {
            // VAE 2.1 halves the channels while it doubles the sides, so that the next level starts with half; 2.2 keeps them.
            int into = level > 0 && !config.IsResidual ? widths[level] / 2 : widths[level];
            int width = widths[level + 1];
            for (int i = 0; i <= config.ResBlocks; i++)
            {
                list.Residual($"decoder.up_blocks.{level}.resnets.{i}", i == 0 ? into : width, width);
            }

            if (level + 1 < levels)
            {
                string block = config.IsResidual ? $"decoder.up_blocks.{level}.upsampler" : $"decoder.up_blocks.{level}.upsamplers.0";
                bool temporal = config.TemporalDownsample[levels - 2 - level];
                list.Resample(block, config.IsResidual ? width : width / 2, width, temporal ? 2 * width : 0);
            }
        }

        list.Add("decoder.norm_out.gamma", [widths[^1], 1, 1, 1]);
        list.Conv("decoder.conv_out", config.OutChannels, widths[^1], 3, 3, 3);
    }

    static void Middle(Lister list, string side, int width)
    {
        list.Residual($"{side}.mid_block.resnets.0", width, width);
        list.Add($"{side}.mid_block.attentions.0.norm.gamma", [width, 1, 1]);
        list.Conv($"{side}.mid_block.attentions.0.to_qkv", 3 * width, width, 1, 1);
        list.Conv($"{side}.mid_block.attentions.0.proj", width, width, 1, 1);
        list.Residual($"{side}.mid_block.resnets.1", width, width);
    }

    static void Block(Lister list, string block, TransformerConfig config, int? addedKvDim)
    {
        int width = config.Width;
        foreach (string attention in new[] { "attn1", "attn2" })
        {
            list.Linear($"{block}.{attention}.to_q", width, width);
            list.Linear($"{block}.{attention}.to_k", width, width);
            list.Linear($"{block}.{attention}.to_v", width, width);
            list.Linear($"{block}.{attention}.to_out.0", width, width);
            list.Add($"{block}.{attention}.norm_q.weight", [width]);
            list.Add($"{block}.{attention}.norm_k.weight", [width]);
        }

        if (addedKvDim is { } added)
        {
            list.Linear($"{block}.attn2.add_k_proj", width, added);
            list.Linear($"{block}.attn2.add_v_proj", width, added);
            list.Add($"{block}.attn2.norm_added_k.weight", [width]);
        }

        if (config.CrossAttnNorm)
        {
            list.Norm($"{block}.norm2", width);
        }

        list.Linear($"{block}.ffn.net.0.proj", config.FfnDim, width);
        list.Linear($"{block}.ffn.net.2", width, config.FfnDim);
        list.Add($"{block}.scale_shift_table", [1, 6, width]);
    }

    sealed class Lister
    {
        public List<(string Name, Shape Shape)> All { get; } = [];

        public void Add(string name, Shape shape) => All.Add((name, shape));

        public void Linear(string name, int outputs, int inputs)
        {
            Add($"{name}.weight", [outputs, inputs]);
            Add($"{name}.bias", [outputs]);
        }

        public void Norm(string name, int width)
        {
            Add($"{name}.weight", [width]);
            Add($"{name}.bias", [width]);
        }

        public void Conv(string name, int outputs, int inputs, params ReadOnlySpan<int> kernel)
        {
            Add($"{name}.weight", Shape.Create([outputs, inputs, .. kernel]));
            Add($"{name}.bias", [outputs]);
        }

        public void Residual(string name, int into, int width)
        {
            Add($"{name}.norm1.gamma", [into, 1, 1, 1]);
            Conv($"{name}.conv1", width, into, 3, 3, 3);
            Add($"{name}.norm2.gamma", [width, 1, 1, 1]);
            Conv($"{name}.conv2", width, width, 3, 3, 3);
            if (into != width)
            {
                Conv($"{name}.conv_shortcut", width, into, 1, 1, 1);
            }
        }

        public void Resample(string name, int outputs, int inputs, int temporal)
        {
            Conv($"{name}.resample.1", outputs, inputs, 3, 3);
            if (temporal > 0)
            {
                Conv($"{name}.time_conv", temporal, inputs, 3, 1, 1);
            }
        }
    }
}
