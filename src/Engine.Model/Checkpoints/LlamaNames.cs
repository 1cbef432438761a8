namespace Engine.Model.Checkpoints;

/// <summary>What llama.cpp calls the tensors of a T5 encoder in GGUF files.</summary>
/// <remarks>gguf-py/gguf/tensor_mapping.py of ggml-org/llama.cpp, and loader.py of city96/ComfyUI-GGUF @ 001ffcf0b5c9c21f9ec69b14192a7c80ca8fd30d.</remarks>
static class LlamaNames
{
    /// <summary>Against transformers' names.</summary>
    public static NameMap Map { get; } = new(
    [
        new("enc.blk.#.attn_q.*", "encoder.block.#.layer.0.SelfAttention.q.*"),
        new("enc.blk.#.attn_k.*", "encoder.block.#.layer.0.SelfAttention.k.*"),
        new("enc.blk.#.attn_v.*", "encoder.block.#.layer.0.SelfAttention.v.*"),
        new("enc.blk.#.attn_o.*", "encoder.block.#.layer.0.SelfAttention.o.*"),
        new("enc.blk.#.attn_rel_b.*", "encoder.block.#.layer.0.SelfAttention.relative_attention_bias.*"),
        new("enc.blk.#.attn_norm.*", "encoder.block.#.layer.0.layer_norm.*"),
        new("enc.blk.#.ffn_norm.*", "encoder.block.#.layer.1.layer_norm.*"),
        new("enc.blk.#.ffn_gate.*", "encoder.block.#.layer.1.DenseReluDense.wi_0.*"),
        new("enc.blk.#.ffn_up.*", "encoder.block.#.layer.1.DenseReluDense.wi_1.*"),
        new("enc.blk.#.ffn_down.*", "encoder.block.#.layer.1.DenseReluDense.wo.*"),
        new("enc.output_norm.*", "encoder.final_layer_norm.*"),
        new("token_embd.*", "shared.*"),
    ]);
}
