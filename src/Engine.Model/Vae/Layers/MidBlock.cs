using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vae.Layers;

/// <summary>Two residual blocks around attention over the pixels of each frame.</summary>
/// <remarks>
/// WanMidBlock and WanAttentionBlock, src/diffusers/models/autoencoders/autoencoder_kl_wan.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). x: [H, W, C], one frame, updated in place. One head as wide as C.
/// </remarks>
sealed class MidBlock
{
    public required ResidualBlock Before { get; init; }

    public required Tensor Norm { get; init; }

    public required ConvWeight Query { get; init; }

    public required ConvWeight Key { get; init; }

    public required ConvWeight Value { get; init; }

    public required ConvWeight Proj { get; init; }

    public required ResidualBlock After { get; init; }

    public static MidBlock Load(WeightScope at, VaeLoader loader, int channels)
    {
        var before = ResidualBlock.Load(at["resnets"][0], loader, channels, channels, latentSize: true);
        var attention = at["attentions"][0];
        var qkv = loader.Convolutions(attention["to_qkv"], [3 * channels, channels, 1, 1], ConvKind.Point, [channels, channels, channels]);
        return new MidBlock
        {
            Before = before,
            Norm = loader.Gain(attention["norm"], [channels, 1, 1]),
            Query = qkv[0],
            Key = qkv[1],
            Value = qkv[2],
            Proj = loader.Convolution(attention["proj"], [channels, channels, 1, 1], ConvKind.Point),
            After = ResidualBlock.Load(at["resnets"][1], loader, channels, channels, latentSize: true),
        };
    }

    public void Forward(VaePass pass, Plane x)
    {
        Before.Forward(pass, new Frames(x), new Frames(x));
        Attend(pass, x);
        After.Forward(pass, new Frames(x), new Frames(x));
    }

    void Attend(VaePass pass, Plane x)
    {
        using var scope = pass.Scratch.Scope();
        var device = pass.Device;
        var normed = pass.Take(x.Height, x.Width, x.Channels);
        ChannelNorm.Run(device, x, Norm, silu: false, normed);
        var q = Project(Query);
        var k = Project(Key);
        var v = Project(Value);
        Attention.Run(device, Rows(q), Rows(k), Rows(v), Rows(q), heads: 1, 1 / MathF.Sqrt(x.Channels), pass.Scratch);
        Convolution.Run(device, new ConvInput(q), Proj, x, pass.Scratch, residual: x);

        Plane Project(ConvWeight weight)
        {
            var y = pass.Take(x.Height, x.Width, x.Channels);
            Convolution.Run(device, new ConvInput(normed), weight, y, pass.Scratch);
            return y;
        }

        static Tensor Rows(Plane plane) => plane.Values.Reshape([plane.Height * plane.Width, plane.Channels]);
    }
}
