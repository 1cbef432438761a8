using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vae.Layers;

/// <summary>The encoder: levels that shrink, then a trunk at the size of the latent.</summary>
/// <remarks>
/// WanEncoder3d and AutoencoderKLWan._encode, src/diffusers/models/autoencoders/autoencoder_kl_wan.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Differs: only the mean of the posterior is computed (its mode);
/// frames run one by one or two by two, see <see cref="DownLevel"/>.
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

    /// <summary>What the levels keep between frames of one clip.</summary>
    public DownState[] NewState() => [.. Levels.Select(_ => new DownState())];

    /// <summary>A group of pixel frames [n, H, W, 3] through all levels, to the features [h, w, C] of one latent frame.</summary>
    public void DownGroup(VaePass pass, Tensor frames, DownState[] states, Plane features)
    {
        int count = frames.Shape[0];
        for (int i = 0; i < count;)
        {
            using var scope = pass.Scratch.Scope();
            var first = new Plane(frames[i]);
            int height = first.Height / PatchSize;
            int width = first.Width / PatchSize;
            var second = i + 1 < count && pass.FramesAtOnce(height, width, ConvIn.Outputs) == 2 ? new Plane(frames[i + 1]) : default;
            var x = Begin(pass, new Frames(first, second), height, width);
            i += x.Count;
            Down(pass, x, 0, i == count, states, features);
        }
    }

    Frames Begin(VaePass pass, Frames pixels, int height, int width)
    {
        var like = new Frames(pass.Take(height, width, ConvIn.Outputs), pixels.Count == 2 ? pass.Take(height, width, ConvIn.Outputs) : default);
        var current = ConvIn.Begin(pass, like);
        for (int i = 0; i < pixels.Count; i++)
        {
            PixelPatch.Fold(pass.Device, pixels[i], current[i], PatchSize);
        }

        ConvIn.Run(pass, current, like);
        return like;
    }

    // Frames through level `level` and all that follow. Where frames come out singly, one is held back until the next makes a pair.
    void Down(VaePass pass, Frames x, int level, bool last, DownState[] states, Plane features)
    {
        using var scope = pass.Scratch.Scope();
        var y = Levels[level].Forward(pass, x, states[level]);
        if (y.Count == 0)
        {
            Require(!last);
            return;
        }

        if (level == Levels.Length - 1)
        {
            Require(last && y.Count == 1);
            PixelPatch.Copy(pass.Device, y.First, features);
            return;
        }

        var held = states[level].Held;
        if (held.IsEmpty && y.Count == 1 && !last && pass.FramesAtOnce(y.Height, y.Width, Levels[level + 1].Outputs) == 2)
        {
            states[level].Held = pass.Pool.Rent(y.Height, y.Width, y.First.Channels, border: 0);
            PixelPatch.Copy(pass.Device, y.First, states[level].Held);
            return;
        }

        if (held.IsEmpty)
        {
            Down(pass, y, level + 1, last, states, features);
            return;
        }

        states[level].Held = default;
        Down(pass, new Frames(held, y.First), level + 1, last, states, features);
        pass.Pool.Return(held);
    }

    static void Require(bool inStep)
    {
        if (!inStep)
        {
            throw new InvalidOperationException("The encoder's levels are out of step with its groups of frames.");
        }
    }

    /// <summary>Features [h, w, C] (overwritten) to the mean of the latent [Z, 1, h, w]; never tiled, as attention sees the whole frame.</summary>
    public void Trunk(VaePass pass, Plane features, Tensor latent)
    {
        using var scope = pass.Scratch.Scope();
        Mid.Forward(pass, features);
        var whole = new Frames(features);
        var current = ConvOut.Begin(pass, whole);
        pass.Norm(whole, NormOut, current);
        var moments = pass.Take(features.Height, features.Width, ConvOut.Outputs);
        ConvOut.Run(pass, current, new Frames(moments));
        var mean = pass.Take(features.Height, features.Width, Quant.Outputs);
        Convolution.Run(pass.Device, new ConvInput(moments), Quant, mean, pass.Scratch);
        PixelPatch.ChannelsFirst(pass.Device, mean, latent);
    }

    /// <inheritdoc/>
    public void Dispose() => _loader.Dispose();
}
