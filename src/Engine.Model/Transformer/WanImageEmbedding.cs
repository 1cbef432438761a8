using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>Projects the image encoder's tokens to the model's width.</summary>
/// <remarks>
/// Port of WanImageEmbedding, src/diffusers/models/transformers/transformer_wan.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Its norms keep torch's default epsilon, 1e-5, whatever the model's
/// is, and its activation is the exact (erf) GELU. First+last-frame models add a position embedding over both pictures' tokens.
/// </remarks>
sealed class WanImageEmbedding : IDisposable
{
    const float Eps = 1e-5f;

    readonly AffineNorm _norm1;
    readonly Projection _in;
    readonly Projection _out;
    readonly AffineNorm _norm2;
    readonly Tensor _posEmbed;

    WanImageEmbedding(WeightScope at, int imageDim, int width, int? posEmbedSeqLen)
    {
        _norm1 = AffineNorm.Load(at["norm1"], imageDim, Eps);
        _in = Projection.Load(at["ff.net.0.proj"], imageDim, imageDim);
        _out = Projection.Load(at["ff.net.2"], width, imageDim);
        _norm2 = AffineNorm.Load(at["norm2"], width, Eps);
        _posEmbed = posEmbedSeqLen is { } length ? at.Vector("pos_embed", [1, length, imageDim]) : default;
    }

    /// <summary>Reads the weights below a prefix.</summary>
    public static WanImageEmbedding Load(WeightScope at, int imageDim, int width, int? posEmbedSeqLen) =>
        new(at, imageDim, width, posEmbedSeqLen);

    /// <summary>Embeds image tokens.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="image">Tokens [I, ImageDim]; two pictures one after the other where the model has a position embedding.</param>
    /// <param name="y">Output [I, C].</param>
    /// <param name="scratch">Workspace.</param>
    public void Run(Device device, Tensor image, Tensor y, Workspace scratch)
    {
        using var scope = scratch.Scope();
        var h = scratch.Take(image.Shape);
        if (_posEmbed.IsEmpty)
        {
            _norm1.Run(device, image, h);
        }
        else
        {
            if (_posEmbed.Count != image.Count)
            {
                throw new EngineException(ErrorKind.BadRequest, $"This model takes {_posEmbed.Shape[1]} image tokens, those of a first and a last frame; it was given {image.Rows}.");
            }

            Elementwise.Combine(device, image, 1, _posEmbed, 1, h);
            _norm1.Run(device, h, h);
        }

        var inner = scratch.Take([image.Rows, _in.Outputs]);
        _in.Run(device, h, inner, scratch, Activation.GeluErf);
        _out.Run(device, inner, y, scratch);
        _norm2.Run(device, y, y);
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _norm1.Dispose();
        _in.Dispose();
        _out.Dispose();
        _norm2.Dispose();
        _posEmbed.Dispose();
    }
}
