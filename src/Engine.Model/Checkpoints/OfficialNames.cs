using Engine.Model.Vae;

namespace Engine.Model.Checkpoints;

/// <summary>What Wan's own code calls each weight, beside diffusers' and transformers' names.</summary>
/// <remarks>
/// wan/modules/{model,vae,t5,clip}.py of Wan-Video/Wan2.1 @ 9737cba9c1c3c4d04b33fcad41c111989865d315 and wan/modules/vae2_2.py
/// of Wan-Video/Wan2.2 @ 42bf4cfaa384bc21833865abc2f9e6c0e67233dc, against huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951.
/// </remarks>
static class OfficialNames
{
    // An empty tensor with which ComfyUI marks files of scaled 8-bit weights; the factors themselves say as much.
    const string Float8Marker = "scaled_fp8";

    /// <summary>Files in canonical names: nothing to translate, but tensors beside the model that the engine has no use for.</summary>
    /// <remarks>Position numbers 0, 1, 2... and the projection head of CLIP; ComfyUI's copy of the tokenizer and its 8-bit mark.</remarks>
    public static NameMap Canonical { get; } = new([], Float8Marker, "spiece_model", "embeddings.position_ids", "visual_projection");

    /// <summary>The transformer, with its variants for pictures, VACE and cameras (the adapter has one name in both).</summary>
    public static NameMap Transformer { get; } = new(
    [
        .. Block("blocks.#"),
        .. Block("vace_blocks.#"),
        new("vace_blocks.#.before_proj.*", "vace_blocks.#.proj_in.*"),
        new("vace_blocks.#.after_proj.*", "vace_blocks.#.proj_out.*"),
        new("vace_patch_embedding.*", "vace_patch_embedding.*"),
        new("patch_embedding.*", "patch_embedding.*"),
        new("control_adapter.conv.*", "control_adapter.conv.*"),
        new("control_adapter.residual_blocks.#.conv1.*", "control_adapter.residual_blocks.#.conv1.*"),
        new("control_adapter.residual_blocks.#.conv2.*", "control_adapter.residual_blocks.#.conv2.*"),
        new("text_embedding.0.*", "condition_embedder.text_embedder.linear_1.*"),
        new("text_embedding.2.*", "condition_embedder.text_embedder.linear_2.*"),
        new("time_embedding.0.*", "condition_embedder.time_embedder.linear_1.*"),
        new("time_embedding.2.*", "condition_embedder.time_embedder.linear_2.*"),
        new("time_projection.1.*", "condition_embedder.time_proj.*"),
        new("img_emb.proj.0.*", "condition_embedder.image_embedder.norm1.*"),
        new("img_emb.proj.1.*", "condition_embedder.image_embedder.ff.net.0.proj.*"),
        new("img_emb.proj.3.*", "condition_embedder.image_embedder.ff.net.2.*"),
        new("img_emb.proj.4.*", "condition_embedder.image_embedder.norm2.*"),
        new("img_emb.emb_pos", "condition_embedder.image_embedder.pos_embed"),
        new("head.head.*", "proj_out.*"),
        new("head.modulation", "scale_shift_table"),
    ],
    Float8Marker);

    /// <summary>The UMT5 encoder. Its per-layer position bias and its single copy of the embedding are transformers' too.</summary>
    public static NameMap TextEncoder { get; } = new(
    [
        new("blocks.#.attn.q.*", "encoder.block.#.layer.0.SelfAttention.q.*"),
        new("blocks.#.attn.k.*", "encoder.block.#.layer.0.SelfAttention.k.*"),
        new("blocks.#.attn.v.*", "encoder.block.#.layer.0.SelfAttention.v.*"),
        new("blocks.#.attn.o.*", "encoder.block.#.layer.0.SelfAttention.o.*"),
        new("blocks.#.pos_embedding.embedding.*", "encoder.block.#.layer.0.SelfAttention.relative_attention_bias.*"),
        new("blocks.#.norm1.*", "encoder.block.#.layer.0.layer_norm.*"),
        new("blocks.#.norm2.*", "encoder.block.#.layer.1.layer_norm.*"),
        new("blocks.#.ffn.gate.0.*", "encoder.block.#.layer.1.DenseReluDense.wi_0.*"),
        new("blocks.#.ffn.fc1.*", "encoder.block.#.layer.1.DenseReluDense.wi_1.*"),
        new("blocks.#.ffn.fc2.*", "encoder.block.#.layer.1.DenseReluDense.wo.*"),
        new("norm.*", "encoder.final_layer_norm.*"),
        new("token_embedding.*", "shared.*"),
    ],
    Float8Marker);

    /// <summary>The visual half of the CLIP file; its text half, its head and its temperature are not used by any Wan model.</summary>
    public static NameMap ImageEncoder { get; } = new(
    [
        new("visual.cls_embedding", "embeddings.class_embedding", LeadingOnes: 2),
        new("visual.pos_embedding", "embeddings.position_embedding.weight", LeadingOnes: 1),
        new("visual.patch_embedding.*", "embeddings.patch_embedding.*"),
        new("visual.pre_norm.*", "pre_layrnorm.*"),
        new("visual.post_norm.*", "post_layernorm.*"),
        .. Fused("visual.transformer.#.attn.to_qkv.*", "encoder.layers.#.self_attn.q_proj.*", "encoder.layers.#.self_attn.k_proj.*", "encoder.layers.#.self_attn.v_proj.*"),
        new("visual.transformer.#.attn.proj.*", "encoder.layers.#.self_attn.out_proj.*"),
        new("visual.transformer.#.norm1.*", "encoder.layers.#.layer_norm1.*"),
        new("visual.transformer.#.norm2.*", "encoder.layers.#.layer_norm2.*"),
        new("visual.transformer.#.mlp.0.*", "encoder.layers.#.mlp.fc1.*"),
        new("visual.transformer.#.mlp.2.*", "encoder.layers.#.mlp.fc2.*"),
    ],
    "visual.head",
    "textual",
    "log_scale");

    /// <summary>A VAE: 2.1 numbers all blocks of a side in one list, 2.2 has a list in a list.</summary>
    public static NameMap Vae(VaeConfig config) => new(
    [
        new("conv1.*", "quant_conv.*"),
        new("conv2.*", "post_quant_conv.*"),
        .. Side("encoder"),
        .. Side("decoder"),
        .. config.IsResidual ? NestedLevels(config) : FlatLevels(config),
    ]);

    static IEnumerable<NameRule> Block(string block)
    {
        foreach (var (official, canonical) in new[] { ("self_attn", "attn1"), ("cross_attn", "attn2") })
        {
            yield return new($"{block}.{official}.q.*", $"{block}.{canonical}.to_q.*");
            yield return new($"{block}.{official}.k.*", $"{block}.{canonical}.to_k.*");
            yield return new($"{block}.{official}.v.*", $"{block}.{canonical}.to_v.*");
            yield return new($"{block}.{official}.o.*", $"{block}.{canonical}.to_out.0.*");
            yield return new($"{block}.{official}.norm_q.*", $"{block}.{canonical}.norm_q.*");
            yield return new($"{block}.{official}.norm_k.*", $"{block}.{canonical}.norm_k.*");
        }

        yield return new($"{block}.cross_attn.k_img.*", $"{block}.attn2.add_k_proj.*");
        yield return new($"{block}.cross_attn.v_img.*", $"{block}.attn2.add_v_proj.*");
        yield return new($"{block}.cross_attn.norm_k_img.*", $"{block}.attn2.norm_added_k.*");
        yield return new($"{block}.ffn.0.*", $"{block}.ffn.net.0.proj.*");
        yield return new($"{block}.ffn.2.*", $"{block}.ffn.net.2.*");
        yield return new($"{block}.modulation", $"{block}.scale_shift_table");

        // The one norm with weights is the third in Wan's code and the second in diffusers'.
        yield return new($"{block}.norm3.*", $"{block}.norm2.*");
    }

    static IEnumerable<NameRule> Fused(string official, params string[] canonical) =>
        canonical.Select((name, i) => new NameRule(official, name, Slice: i, Slices: canonical.Length));

    static IEnumerable<NameRule> Side(string side) =>
    [
        new($"{side}.conv1.*", $"{side}.conv_in.*"),
        .. Residual($"{side}.middle.0", $"{side}.mid_block.resnets.0"),
        .. Residual($"{side}.middle.2", $"{side}.mid_block.resnets.1"),
        new($"{side}.middle.1.norm.*", $"{side}.mid_block.attentions.0.norm.*"),
        new($"{side}.middle.1.to_qkv.*", $"{side}.mid_block.attentions.0.to_qkv.*"),
        new($"{side}.middle.1.proj.*", $"{side}.mid_block.attentions.0.proj.*"),
        new($"{side}.head.0.*", $"{side}.norm_out.*"),
        new($"{side}.head.2.*", $"{side}.conv_out.*"),
    ];

    static IEnumerable<NameRule> FlatLevels(VaeConfig config)
    {
        int levels = config.DimMult.Count;
        int down = 0;
        int up = 0;
        for (int level = 0; level < levels; level++)
        {
            bool resamples = level + 1 < levels;
            for (int i = 0; i < config.ResBlocks + (resamples ? 1 : 0); i++, down++)
            {
                // diffusers keeps the encoder of 2.1 in one list as well.
                foreach (var rule in Residual($"encoder.downsamples.{down}", $"encoder.down_blocks.{down}").Concat(Resample($"encoder.downsamples.{down}", $"encoder.down_blocks.{down}")))
                {
                    yield return rule;
                }
            }

            for (int i = 0; i <= config.ResBlocks; i++, up++)
            {
                foreach (var rule in Residual($"decoder.upsamples.{up}", $"decoder.up_blocks.{level}.resnets.{i}"))
                {
                    yield return rule;
                }
            }

            if (resamples)
            {
                foreach (var rule in Resample($"decoder.upsamples.{up++}", $"decoder.up_blocks.{level}.upsamplers.0"))
                {
                    yield return rule;
                }
            }
        }
    }

    static IEnumerable<NameRule> NestedLevels(VaeConfig config) => Enumerable.Range(0, config.DimMult.Count).SelectMany(level => (NameRule[])
    [
        .. Enumerable.Range(0, config.ResBlocks).SelectMany(i =>
            Residual($"encoder.downsamples.{level}.downsamples.{i}", $"encoder.down_blocks.{level}.resnets.{i}")),
        .. Resample($"encoder.downsamples.{level}.downsamples.{config.ResBlocks}", $"encoder.down_blocks.{level}.downsampler"),
        .. Enumerable.Range(0, config.ResBlocks + 1).SelectMany(i =>
            Residual($"decoder.upsamples.{level}.upsamples.{i}", $"decoder.up_blocks.{level}.resnets.{i}")),
        .. Resample($"decoder.upsamples.{level}.upsamples.{config.ResBlocks + 1}", $"decoder.up_blocks.{level}.upsampler"),
    ]);

    static IEnumerable<NameRule> Residual(string official, string canonical) =>
    [
        new($"{official}.residual.0.*", $"{canonical}.norm1.*"),
        new($"{official}.residual.2.*", $"{canonical}.conv1.*"),
        new($"{official}.residual.3.*", $"{canonical}.norm2.*"),
        new($"{official}.residual.6.*", $"{canonical}.conv2.*"),
        new($"{official}.shortcut.*", $"{canonical}.conv_shortcut.*"),
    ];

    static IEnumerable<NameRule> Resample(string official, string canonical) =>
    [
        new($"{official}.resample.1.*", $"{canonical}.resample.1.*"),
        new($"{official}.time_conv.*", $"{canonical}.time_conv.*"),
    ];
}
