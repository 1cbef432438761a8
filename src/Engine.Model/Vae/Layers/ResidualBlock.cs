using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vae.Layers;

/// <summary>Norm, SiLU, convolution, twice; the input is added at the end.</summary>
/// <remarks>
/// WanResidualBlock, src/diffusers/models/autoencoders/autoencoder_kl_wan.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). x: [H, W, C], y: [H, W, N], one frame.
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
    public void Forward(VaePass pass, Plane x, Plane y)
    {
        using var scope = pass.Scratch.Scope();
        var first = Conv1.Begin(pass, x.Height, x.Width);
        ChannelNorm.Run(pass.Device, x, Norm1, silu: true, first);
        var h = pass.Take(x.Height, x.Width, Outputs);
        Conv1.Run(pass, first, h);

        var second = Conv2.Begin(pass, x.Height, x.Width);
        ChannelNorm.Run(pass.Device, h, Norm2, silu: true, second);
        if (Shortcut is null)
        {
            Conv2.Run(pass, second, y, residual: x);
            return;
        }

        Convolution.Run(pass.Device, new ConvInput(x), Shortcut, y, pass.Scratch);
        Conv2.Run(pass, second, y, residual: y);
    }
}
