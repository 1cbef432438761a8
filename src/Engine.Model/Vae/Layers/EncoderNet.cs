using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vae.Layers;

/// <summary>The encoder: levels that shrink, then a trunk at the size of the latent.</summary>
/// <remarks>
/// WanEncoder3d and AutoencoderKLWan._encode, src/diffusers/models/autoencoders/autoencoder_kl_wan.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Differs: only the mean of the posterior is computed (its mode);
/// frames run one by one, see <see cref="DownLevel"/>.
/// </remarks>
sealed class EncoderNet : IDisposable
{
    readonly VaeLoader _loader;

    EncoderNet(VaeLoader loader) => _loader = loader;

    public required int PatchSize { get; init; }

    public required int FoldedChannels { get; init; }

    public required CausalConv ConvIn { get; init; }

    public required DownLevel[] Levels { get; init; }

    public required MidBlock Mid { get; init; }

    public required Tensor NormOut { get; init; }

    public required CausalConv ConvOut { get; init; }

    public required ConvWeight Quant { get; init; }

    /// <summary>Number of causal caches.</summary>
    public int Slots => _loader.Slots;

    /// <summary>Bytes of the packed weights.</summary>
    public long Bytes => _loader.Bytes;

    /// <summary>Channels between levels and trunk.</summary>
    public int TrunkChannels => Levels[^1].Outputs;

    /// <param name="root">The VAE's tensors.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="device">Where the weights go.</param>
    public static EncoderNet Load(WeightScope root, VaeConfig config, Device device)
    {
        var loader = new VaeLoader(device);
        var at = root["encoder"];
        int z = 2 * config.ZDim;
        var convIn = loader.Causal(at["conv_in"], config.InChannels, config.BaseDim, latentSize: false);
        var levels = new DownLevel[config.DimMult.Count];
        int width = config.BaseDim;
        int index = 0;
        for (int i = 0; i < levels.Length; i++)
        {
            int next = config.BaseDim * config.DimMult[i];
            levels[i] = DownLevel.Load(at["down_blocks"], loader, config, i, width, next, ref index);
            width = next;
        }

        return new EncoderNet(loader)
        {
            PatchSize = config.PatchSize,
            FoldedChannels = config.InChannels,
            ConvIn = convIn,
            Levels = levels,
            Mid = MidBlock.Load(at["mid_block"], loader, width),
            NormOut = loader.Gain(at["norm_out"], width),
            ConvOut = loader.Causal(at["conv_out"], width, z, latentSize: true),
            Quant = loader.Convolutions(root["quant_conv"], [z, z, 1, 1, 1], ConvKind.Point, [config.ZDim])[0],
        };
    }

    /// <summary>A group of pixel frames [n, H, W, 3] through all levels, to the features [h, w, C] of one latent frame.</summary>
    public void DownGroup(VaePass pass, Tensor frames, Plane[] pending, Plane features)
    {
        int count = frames.Shape[0];
        for (int i = 0; i < count; i++)
        {
            if (Down(pass, new Plane(frames[i]), pending, features) != (i == count - 1))
            {
                throw new InvalidOperationException("The encoder's levels are out of step with its groups of frames.");
            }
        }
    }

    /// <summary>One pixel frame through all levels.</summary>
    /// <param name="pass">State.</param>
    /// <param name="pixels">[H, W, 3].</param>
    /// <param name="pending">One plane per level that the levels keep between frames.</param>
    /// <param name="features">Receives [h, w, C] when a latent frame is complete.</param>
    /// <returns>True when it is.</returns>
    bool Down(VaePass pass, Plane pixels, Plane[] pending, Plane features)
    {
        using var scope = pass.Scratch.Scope();
        int height = pixels.Height / PatchSize;
        int width = pixels.Width / PatchSize;
        var current = ConvIn.Begin(pass, height, width);
        PixelPatch.Fold(pass.Device, pixels, current, PatchSize);
        var x = pass.Take(height, width, ConvIn.Outputs);
        ConvIn.Run(pass, current, x);
        for (int i = 0; i < Levels.Length; i++)
        {
            if (!Levels[i].Forward(pass, x, ref pending[i], out var y))
            {
                return false;
            }

            x = y;
        }

        PixelPatch.Copy(pass.Device, x, features);
        return true;
    }

    /// <summary>Features [h, w, C] (overwritten) to the mean of the latent [Z, 1, h, w]; never tiled, as attention sees the whole frame.</summary>
    public void Trunk(VaePass pass, Plane features, Tensor latent)
    {
        using var scope = pass.Scratch.Scope();
        Mid.Forward(pass, features);
        var current = ConvOut.Begin(pass, features.Height, features.Width);
        ChannelNorm.Run(pass.Device, features, NormOut, silu: true, current);
        var moments = pass.Take(features.Height, features.Width, ConvOut.Outputs);
        ConvOut.Run(pass, current, moments);
        var mean = pass.Take(features.Height, features.Width, Quant.Outputs);
        Convolution.Run(pass.Device, new ConvInput(moments), Quant, mean, pass.Scratch);
        PixelPatch.ChannelsFirst(pass.Device, mean, latent);
    }

    /// <inheritdoc/>
    public void Dispose() => _loader.Dispose();
}
