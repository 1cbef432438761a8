using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vision;

/// <summary>CLIP's vision encoder: a prepared picture to one embedding per patch, and one for the whole.</summary>
/// <remarks>
/// Port of CLIPVisionTransformer, src/transformers/models/clip/modeling_clip.py of huggingface/transformers
/// @ 679021a6b0ded09d623a96e2bd2f822c5a548872 (Apache-2.0); names are transformers', <c>pre_layrnorm</c> included.
/// What comes out is the input of the last layer, which therefore is not read or run, nor is the norm after it.
/// </remarks>
public sealed class ClipVisionEncoder
{
    readonly ImageEncoderConfig _config;
    readonly Device _device;
    readonly Tensor _classEmbedding;
    readonly Weight _patchEmbedding;
    readonly Tensor _positionEmbedding;
    readonly (Tensor Gain, Tensor Bias) _preNorm;
    readonly ClipVisionLayer[] _layers;

    ClipVisionEncoder(WeightScope at, ImageEncoderConfig config, Device device)
    {
        _config = config;
        _device = device;
        var embeddings = at["embeddings"];
        _classEmbedding = embeddings.Vector("class_embedding", [config.HiddenSize]);
        _patchEmbedding = embeddings.Matrix("patch_embedding.weight", [config.HiddenSize, 3, config.PatchSize, config.PatchSize]);
        _positionEmbedding = embeddings.Vector("position_embedding.weight", [config.Tokens, config.HiddenSize]);
        embeddings.Ignore("position_ids");
        _preNorm = ClipVisionLayer.Norm(at["pre_layrnorm"], config.HiddenSize);
        var layers = at["encoder"]["layers"];
        _layers = [.. Enumerable.Range(0, config.Layers - 1).Select(i => ClipVisionLayer.Load(layers[i], config))];
        ClipVisionLayer.Declare(layers[config.Layers - 1], config);
        at["post_layernorm"].Unused("weight", [config.HiddenSize]);
        at["post_layernorm"].Unused("bias", [config.HiddenSize]);
    }

    /// <summary>Reads the weights. They belong to the store, whose Release frees them.</summary>
    /// <exception cref="EngineException">A size in the configuration is out of range.</exception>
    public static ClipVisionEncoder Load(WeightScope at, ImageEncoderConfig config, Device device)
    {
        config.Validate();
        return new ClipVisionEncoder(at, config, device);
    }

    /// <summary>Embeds one picture.</summary>
    /// <param name="pixels">[3, ImageSize, ImageSize], as <see cref="ClipImageProcessor"/> makes them.</param>
    /// <param name="hidden">Output [Tokens, HiddenSize]: the whole picture first, then the patches row by row.</param>
    /// <param name="scratch">Memory for the call.</param>
    public void Forward(Tensor pixels, Tensor hidden, Workspace scratch)
    {
        using (scratch.Scope())
        {
            // tokens: the class embedding, then the patches; both with their position
            int side = _config.ImageSize;
            int patch = _config.PatchSize;
            var patches = scratch.Take([_config.Tokens - 1, 3 * patch * patch]);
            Patches.Gather(_device, pixels.Reshape([3, 1, side, side]), (1, patch, patch), patches);
            hidden.CopyFrom(_positionEmbedding);
            Elementwise.Add(_device, _classEmbedding, hidden.Slice(0, 1));
            Linear.Run(_device, patches, _patchEmbedding, default, hidden.Slice(1, _config.Tokens - 1), scratch, output: LinearOutput.Add);
        }

        LayerNorm.Run(_device, hidden, hidden, _config.Eps, _preNorm.Gain, _preNorm.Bias);
        foreach (var layer in _layers)
        {
            layer.Forward(_device, hidden, scratch);
        }
    }
}
