using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Text;

/// <summary>One encoder layer: self-attention, then a gated feed-forward network, each behind an RMS norm.</summary>
/// <remarks>
/// Port of UMT5Block, src/transformers/models/umt5/modeling_umt5.py of huggingface/transformers
/// @ de0f5d1eab94a1725c9e4f202498521adf32c5e1 (Apache-2.0).
/// Every layer has its own position bias, and scores are not divided by the root of the head width.
/// </remarks>
sealed class Umt5Layer
{
    readonly TextEncoderConfig _config;
    readonly Tensor _attentionNorm;
    readonly Weight _query;
    readonly Weight _key;
    readonly Weight _value;
    readonly Weight _output;
    readonly Tensor _positions;
    readonly Tensor _feedForwardNorm;
    readonly Weight _gate;
    readonly Weight _up;
    readonly Weight _down;

    Umt5Layer(WeightScope at, TextEncoderConfig config)
    {
        _config = config;
        int width = config.DModel;
        int inner = config.Heads * config.DKv;
        var attention = at["layer.0"]["SelfAttention"];
        _query = attention.Matrix("q.weight", inner, width);
        _key = attention.Matrix("k.weight", inner, width);
        _value = attention.Matrix("v.weight", inner, width);
        _output = attention.Matrix("o.weight", width, inner);
        _positions = attention.Vector("relative_attention_bias.weight", [config.RelativeBuckets, config.Heads]);
        _attentionNorm = at["layer.0"].Vector("layer_norm.weight", [width]);
        var feedForward = at["layer.1"]["DenseReluDense"];
        _gate = feedForward.Matrix("wi_0.weight", config.DFf, width);
        _up = feedForward.Matrix("wi_1.weight", config.DFf, width);
        _down = feedForward.Matrix("wo.weight", width, config.DFf);
        _feedForwardNorm = at["layer.1"].Vector("layer_norm.weight", [width]);
    }

    /// <summary>Reads weights below <c>encoder.block.N</c>.</summary>
    public static Umt5Layer Load(WeightScope at, TextEncoderConfig config) => new(at, config);

    /// <summary>Updates x in place.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">[L, DModel], one prompt without padding, so that no mask is needed.</param>
    /// <param name="scratch">Memory for the call.</param>
    public void Forward(Device device, Tensor x, Workspace scratch)
    {
        Attend(device, x, scratch);
        FeedForward(device, x, scratch);
    }

    void Attend(Device device, Tensor x, Workspace scratch)
    {
        using var scope = scratch.Scope();
        int length = x.Rows;
        int inner = _config.Heads * _config.DKv;
        var h = scratch.Take([length, _config.DModel]);
        var query = scratch.Take([length, inner]);
        var key = scratch.Take([length, inner]);
        var value = scratch.Take([length, inner]);
        var bias = scratch.Take([_config.Heads, length, length]);
        RmsNorm.Run(device, x, _attentionNorm, h, _config.Eps);
        Linear.Run(device, h, _query, default, query, scratch);
        Linear.Run(device, h, _key, default, key, scratch);
        Linear.Run(device, h, _value, default, value, scratch);
        RelativeBias.Run(device, _positions, length, _config.RelativeMaxDistance, bias);
        Attention.Run(device, query, key, value, query, _config.Heads, scale: 1, scratch, bias);
        Linear.Run(device, query, _output, default, x, scratch, output: LinearOutput.Add);
    }

    void FeedForward(Device device, Tensor x, Workspace scratch)
    {
        using var scope = scratch.Scope();
        var h = scratch.Take([x.Rows, _config.DModel]);
        var inner = scratch.Take([x.Rows, _config.DFf]);
        RmsNorm.Run(device, x, _feedForwardNorm, h, _config.Eps);
        Linear.Run(device, h, _up, default, inner, scratch);
        Linear.Run(device, h, _gate, default, inner, scratch, Activation.GeluTanh, LinearOutput.Multiply);
        Linear.Run(device, inner, _down, default, x, scratch, output: LinearOutput.Add);
    }
}
