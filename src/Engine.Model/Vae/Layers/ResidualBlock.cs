using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vae.Layers;

/// <summary>Norm, SiLU, convolution, twice; the input is added at the end.</summary>
/// <remarks>
/// WanResidualBlock, src/diffusers/models/autoencoders/autoencoder_kl_wan.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). x: [H, W, C], y: [H, W, N], one frame or two.
/// </remarks>
sealed class ResidualBlock
{
    public required Tensor Norm1 { get; init; }

    public required CausalConv Conv1 { get; init; }

    public required Tensor Norm2 { get; init; }

    public required CausalConv Conv2 { get; init; }

    public required ConvWeight? Shortcut { get; init; }

    /// <summary>Channels out.</summary>
    public int Outputs => Conv1.Outputs;

    /// <summary>True when x and y may be the same plane.</summary>
    public bool InPlace => Shortcut is null;

    public static ResidualBlock Load(WeightScope at, VaeLoader loader, int inputs, int outputs, bool latentSize) => new()
    {
        Norm1 = loader.Gain(at["norm1"], inputs),
        Conv1 = loader.Causal(at["conv1"], inputs, outputs, latentSize),
        Norm2 = loader.Gain(at["norm2"], outputs),
        Conv2 = loader.Causal(at["conv2"], outputs, outputs, latentSize),
        Shortcut = inputs == outputs ? null : loader.Convolution(at["conv_shortcut"], [outputs, inputs, 1, 1, 1], ConvKind.Point),
    };

    /// <summary>Computes y from x; y may have a border, x has none.</summary>
    public void Forward(VaePass pass, Frames x, Frames y)
    {
        // What lies between the convolutions is made where the second one will look for it.
        var first = Conv1.Begin(pass, x);
        pass.Norm(x, Norm1, first);
        var second = Conv2.Begin(pass, x);
        Conv1.Run(pass, first, second);
        pass.Norm(second, Norm2, second);
        if (Shortcut is null)
        {
            Conv2.Run(pass, second, y, residual: x);
            return;
        }

        for (int i = 0; i < x.Count; i++)
        {
            Convolution.Run(pass.Device, new ConvInput(x[i]), Shortcut, y[i], pass.Scratch);
        }

        Conv2.Run(pass, second, y, residual: y);
    }
}
