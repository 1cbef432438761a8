using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vae.Layers;

/// <summary>Loads the layers of one half of a VAE, packs their weights, and numbers their caches.</summary>
sealed class VaeLoader(Device device) : IDisposable
{
    readonly List<ConvWeight> _packed = [];
    readonly List<Tensor> _gains = [];

    /// <summary>Caches given out so far.</summary>
    public int Slots { get; private set; }

    /// <summary>Bytes of all packed weights.</summary>
    public long Bytes => _packed.Sum(weight => weight.Bytes);

    /// <summary>A number for one more cache.</summary>
    public int NextSlot() => Slots++;

    /// <summary>Loads a convolution.</summary>
    /// <param name="at">Module that holds <c>weight</c> and <c>bias</c>.</param>
    /// <param name="stored">Shape of the weight as stored.</param>
    /// <param name="kind">What it does.</param>
    public ConvWeight Convolution(WeightScope at, Shape stored, ConvKind kind) =>
        Convolutions(at, stored, kind, [stored[0]], WinogradForms.For(device, kind, stored[1], stored[0], fewPixels: false))[0];

    /// <summary>Loads a convolution as several, each with a part of its outputs.</summary>
    /// <param name="at">Module that holds <c>weight</c> and <c>bias</c>.</param>
    /// <param name="stored">Shape of the weight as stored.</param>
    /// <param name="kind">What it does.</param>
    /// <param name="counts">Outputs of each part; outputs after the last part are left out.</param>
    /// <param name="form">Transform to pack in.</param>
    public ConvWeight[] Convolutions(
        WeightScope at, Shape stored, ConvKind kind, ReadOnlySpan<int> counts, WinogradForm form = WinogradForm.None)
    {
        using var weight = at.Matrix("weight", stored);
        using var bias = at.Vector("bias", [stored[0]]);
        var parts = new ConvWeight[counts.Length];
        int row = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = ConvWeight.Pack(device, weight, bias, kind, row, counts[i], form);
            _packed.Add(parts[i]);
            row += counts[i];
        }

        return parts;
    }

    /// <summary>Loads a causal 3x3x3 convolution with a cache.</summary>
    /// <param name="at">Module that holds <c>weight</c> and <c>bias</c>.</param>
    /// <param name="inputs">Channels in.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="latentSize">True where it runs at the size of the latent, the smallest plane.</param>
    public CausalConv Causal(WeightScope at, int inputs, int outputs, bool latentSize)
    {
        var form = WinogradForms.For(device, ConvKind.Causal, inputs, outputs, fewPixels: latentSize);
        return new(Convolutions(at, [outputs, inputs, 3, 3, 3], ConvKind.Causal, [outputs], form)[0], NextSlot());
    }

    /// <summary>Loads the gain of a norm inside a video layer.</summary>
    public Tensor Gain(WeightScope at, int channels) => Gain(at, [channels, 1, 1, 1]);

    /// <summary>Loads a gain of any shape.</summary>
    public Tensor Gain(WeightScope at, Shape shape)
    {
        var gain = at.Vector("gamma", shape);
        _gains.Add(gain);
        return gain;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _packed.ForEach(weight => weight.Dispose());
        _gains.ForEach(gain => gain.Dispose());
    }
}
