using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>Embeds what steers the model: timesteps, text and image tokens.</summary>
/// <remarks>
/// Port of WanTimeTextImageEmbedding, src/diffusers/models/transformers/transformer_wan.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). The text projection uses the tanh GELU. Timesteps are embedded once per
/// distinct value, in f32 throughout: in bf16 the timestep 999 would become 1000.
/// </remarks>
sealed class WanTimeTextImageEmbedding : IDisposable
{
    readonly int _freqDim;
    readonly Projection _time1;
    readonly Projection _time2;
    readonly Projection _timeProj;
    readonly Projection _text1;
    readonly Projection _text2;
    readonly WanImageEmbedding? _image;

    WanTimeTextImageEmbedding(WeightScope at, TransformerConfig config)
    {
        int width = config.Width;
        _freqDim = config.FreqDim;
        _time1 = Projection.Load(at["time_embedder.linear_1"], width, config.FreqDim);
        _time2 = Projection.Load(at["time_embedder.linear_2"], width, width);
        _timeProj = Projection.Load(at["time_proj"], 6 * width, width);
        _text1 = Projection.Load(at["text_embedder.linear_1"], width, config.TextDim);
        _text2 = Projection.Load(at["text_embedder.linear_2"], width, width);
        _image = config.ImageDim is { } imageDim
            ? WanImageEmbedding.Load(at["image_embedder"], imageDim, width, config.PosEmbedSeqLen)
            : null;
    }

    /// <summary>Reads the weights below a prefix.</summary>
    public static WanTimeTextImageEmbedding Load(WeightScope at, TransformerConfig config) => new(at, config);

    /// <summary>Embeds timesteps.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="timesteps">U distinct values.</param>
    /// <param name="temb">Time embedding [U, C], for the output norm.</param>
    /// <param name="timestepProj">Its projection [U, 6 C], for the blocks.</param>
    /// <param name="scratch">Workspace.</param>
    public void EmbedTime(Device device, ReadOnlySpan<float> timesteps, Tensor temb, Tensor timestepProj, Workspace scratch)
    {
        using var scope = scratch.Scope();
        var waves = scratch.Take([timesteps.Length, _freqDim]);
        TimeEmbedding.Run(device, timesteps, waves);

        var h = scratch.Take(temb.Shape);
        _time1.Run(device, waves, h, scratch, Activation.Silu);
        _time2.Run(device, h, temb, scratch);

        h.CopyFrom(temb);
        Elementwise.Activate(device, h, Activation.Silu);
        _timeProj.Run(device, h, timestepProj, scratch);
    }

    /// <summary>Embeds text [S, TextDim] as [S, C].</summary>
    public void EmbedText(Device device, Tensor text, Tensor y, Workspace scratch)
    {
        using var scope = scratch.Scope();
        var h = scratch.Take(y.Shape);
        _text1.Run(device, text, h, scratch, Activation.GeluTanh);
        _text2.Run(device, h, y, scratch);
    }

    /// <summary>Embeds image tokens [I, ImageDim] as [I, C].</summary>
    /// <exception cref="InvalidOperationException">The model takes none.</exception>
    public void EmbedImage(Device device, Tensor image, Tensor y, Workspace scratch) =>
        (_image ?? throw new InvalidOperationException("This model takes no image tokens.")).Run(device, image, y, scratch);

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _time1.Dispose();
        _time2.Dispose();
        _timeProj.Dispose();
        _text1.Dispose();
        _text2.Dispose();
        _image?.Dispose();
    }
}
