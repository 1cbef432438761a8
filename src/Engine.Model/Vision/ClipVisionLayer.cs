using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vision;

/// <summary>One layer of a CLIP vision encoder: self-attention, then a feed-forward network, each behind a layer norm.</summary>
/// <remarks>
/// Port of CLIPEncoderLayer, src/transformers/models/clip/modeling_clip.py of huggingface/transformers
/// @ 679021a6b0ded09d623a96e2bd2f822c5a548872 (Apache-2.0).
/// </remarks>
sealed class ClipVisionLayer
{
    readonly ImageEncoderConfig _config;
    readonly Activation _activation;
    readonly (Tensor Gain, Tensor Bias) _norm1;
    readonly (Tensor Gain, Tensor Bias) _norm2;
    readonly (Weight Weight, Tensor Bias) _query;
    readonly (Weight Weight, Tensor Bias) _key;
    readonly (Weight Weight, Tensor Bias) _value;
    readonly (Weight Weight, Tensor Bias) _output;
    readonly (Weight Weight, Tensor Bias) _fc1;
    readonly (Weight Weight, Tensor Bias) _fc2;

    ClipVisionLayer(WeightScope at, ImageEncoderConfig config)
    {
        _config = config;
        _activation = config.Activation;
        int width = config.HiddenSize;
        _norm1 = Norm(at["layer_norm1"], width);
        _norm2 = Norm(at["layer_norm2"], width);
        var attention = at["self_attn"];
        _query = Projection(attention["q_proj"], width, width);
        _key = Projection(attention["k_proj"], width, width);
        _value = Projection(attention["v_proj"], width, width);
        _output = Projection(attention["out_proj"], width, width);
        _fc1 = Projection(at["mlp"]["fc1"], config.IntermediateSize, width);
        _fc2 = Projection(at["mlp"]["fc2"], width, config.IntermediateSize);
    }

    /// <summary>Reads weights below <c>encoder.layers.N</c>.</summary>
    public static ClipVisionLayer Load(WeightScope at, ImageEncoderConfig config) => new(at, config);

    /// <summary>Declares the tensors of a layer that is in the file but never run.</summary>
    public static void Declare(WeightScope at, ImageEncoderConfig config)
    {
        int width = config.HiddenSize;
        foreach (var (name, rows, columns) in (ReadOnlySpan<(string, int, int)>)
        [
            ("layer_norm1", width, 0), ("layer_norm2", width, 0), ("self_attn.q_proj", width, width), ("self_attn.k_proj", width, width),
            ("self_attn.v_proj", width, width), ("self_attn.out_proj", width, width),
            ("mlp.fc1", config.IntermediateSize, width), ("mlp.fc2", width, config.IntermediateSize),
        ])
        {
            at[name].Unused("weight", columns == 0 ? [rows] : [rows, columns]);
            at[name].Unused("bias", [rows]);
        }
    }

    /// <summary>Reads the gain and bias of a layer norm.</summary>
    public static (Tensor Gain, Tensor Bias) Norm(WeightScope at, int width) =>
        (at.Vector("weight", [width]), at.Vector("bias", [width]));

    /// <summary>Updates x in place.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">[tokens, HiddenSize].</param>
    /// <param name="scratch">Memory for the call.</param>
    public void Forward(Device device, Tensor x, Workspace scratch)
    {
        using var scope = scratch.Scope();
        var h = scratch.Take(x.Shape);
        var query = scratch.Take(x.Shape);
        var key = scratch.Take(x.Shape);
        var value = scratch.Take(x.Shape);
        LayerNorm.Run(device, x, h, _config.Eps, _norm1.Gain, _norm1.Bias);
        Linear.Run(device, h, _query.Weight, _query.Bias, query, scratch);
        Linear.Run(device, h, _key.Weight, _key.Bias, key, scratch);
        Linear.Run(device, h, _value.Weight, _value.Bias, value, scratch);
        float scale = 1 / MathF.Sqrt((float)_config.HiddenSize / _config.Heads);
        Attention.Run(device, query, key, value, query, _config.Heads, scale, scratch);
        Linear.Run(device, query, _output.Weight, _output.Bias, x, scratch, output: LinearOutput.Add);

        var inner = scratch.Take([x.Rows, _config.IntermediateSize]);
        LayerNorm.Run(device, x, h, _config.Eps, _norm2.Gain, _norm2.Bias);
        Linear.Run(device, h, _fc1.Weight, _fc1.Bias, inner, scratch, _activation);
        Linear.Run(device, inner, _fc2.Weight, _fc2.Bias, x, scratch, output: LinearOutput.Add);
    }

    static (Weight Weight, Tensor Bias) Projection(WeightScope at, int rows, int columns) =>
        (at.Matrix("weight", rows, columns), at.Vector("bias", [rows]));
}
