using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vae.Layers;

/// <summary>The decoder: a trunk at the size of the latent, then levels that enlarge, then the pixels.</summary>
/// <remarks>
/// WanDecoder3d and AutoencoderKLWan._decode, src/diffusers/models/autoencoders/autoencoder_kl_wan.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Differs: not clamped; levels run depth first, one or two frames at a time, see <see cref="UpLevel"/>.
/// </remarks>
sealed class DecoderNet : IDisposable
{
    readonly VaeLoader _loader;

    DecoderNet(VaeLoader loader) => _loader = loader;

    public required int ZDim { get; init; }

    public required int PatchSize { get; init; }

    public required ConvWeight PostQuant { get; init; }

    public required CausalConv ConvIn { get; init; }

    public required MidBlock Mid { get; init; }

    public required UpLevel[] Levels { get; init; }

    public required Tensor NormOut { get; init; }

    public required CausalConv ConvOut { get; init; }

    /// <summary>Number of causal caches.</summary>
    public int Slots => _loader.Slots;

    /// <summary>Bytes of the packed weights.</summary>
    public long Bytes => _loader.Bytes;

    /// <summary>Channels between trunk and levels.</summary>
    public int TrunkChannels => ConvIn.Outputs;

    /// <summary>Colour channels of a pixel.</summary>
    public int Colours => ConvOut.Outputs / (PatchSize * PatchSize);

    /// <param name="root">The VAE's tensors.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="device">Where the weights go.</param>
    public static DecoderNet Load(WeightScope root, VaeConfig config, Device device)
    {
        var loader = new VaeLoader(device);
        var at = root["decoder"];
        int levels = config.DimMult.Count;
        var widths = new int[levels + 1];
        for (int i = 0; i <= levels; i++)
        {
            widths[i] = config.DecoderBaseDim * config.DimMult[Math.Min(levels - i, levels - 1)];
        }

        var up = new UpLevel[levels];
        var postQuant = loader.Convolution(root["post_quant_conv"], [config.ZDim, config.ZDim, 1, 1, 1], ConvKind.Point);
        var convIn = loader.Causal(at["conv_in"], config.ZDim, widths[0], latentSize: true);
        var mid = MidBlock.Load(at["mid_block"], loader, widths[0]);
        for (int i = 0; i < levels; i++)
        {
            int inputs = i > 0 && !config.IsResidual ? widths[i] / 2 : widths[i];
            up[i] = UpLevel.Load(at["up_blocks"][i], loader, config, i, inputs, widths[i + 1]);
        }

        return new DecoderNet(loader)
        {
            ZDim = config.ZDim,
            PatchSize = config.PatchSize,
            PostQuant = postQuant,
            ConvIn = convIn,
            Mid = mid,
            Levels = up,
            NormOut = loader.Gain(at["norm_out"], widths[levels]),
            ConvOut = loader.Causal(at["conv_out"], widths[levels], config.OutChannels, latentSize: false),
        };
    }

    /// <summary>Latent frame [Z, 1, h, w] to trunk features [h, w, C]; attention sees the whole frame, so this part is never tiled.</summary>
    public void Trunk(VaePass pass, Tensor latent, Plane features)
    {
        using var scope = pass.Scratch.Scope();
        int height = features.Height;
        int width = features.Width;
        var z = pass.Take(height, width, ZDim);
        PixelPatch.ChannelsLast(pass.Device, latent, z);
        var current = ConvIn.Begin(pass, new Frames(features));
        Convolution.Run(pass.Device, new ConvInput(z), PostQuant, current.First, pass.Scratch);
        ConvIn.Run(pass, current, new Frames(features));
        Mid.Forward(pass, features);
    }

    /// <summary>Features of one frame or two through level <paramref name="level"/> and all that follow; x is overwritten.</summary>
    public void Up(VaePass pass, Frames x, int level, FrameBuffer output)
    {
        using var scope = pass.Scratch.Scope();
        var up = Levels[level];
        var h = up.Blocks(pass, x);
        if (up.Resample is null)
        {
            Head(pass, h, output);
            return;
        }

        int atOnce = pass.FramesAtOnce(2 * h.Height, 2 * h.Width, Math.Max(up.Resample.Outputs, Levels[level + 1].Outputs));
        int frames = x.Count * up.FramesOut(pass);
        for (int frame = 0; frame < frames; frame += atOnce)
        {
            using var each = pass.Scratch.Scope();
            var first = up.Enlarge(pass, x, h, frame);
            var second = atOnce == 2 && frame + 1 < frames ? up.Enlarge(pass, x, h, frame + 1) : default;
            Up(pass, new Frames(first, second), level + 1, output);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _loader.Dispose();

    void Head(VaePass pass, Frames h, FrameBuffer output)
    {
        var current = ConvOut.Begin(pass, h);
        pass.Norm(h, NormOut, current);
        var pixels = new Frames(output.Next(), h.Count == 2 ? output.Next() : default);
        if (PatchSize == 1)
        {
            ConvOut.Run(pass, current, pixels);
            return;
        }

        var folded = pass.Take(h, ConvOut.Outputs);
        ConvOut.Run(pass, current, folded);
        for (int i = 0; i < h.Count; i++)
        {
            PixelPatch.Unfold(pass.Device, folded[i], pixels[i], PatchSize);
        }
    }
}
