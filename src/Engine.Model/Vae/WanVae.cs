using Engine.Kernels;
using Engine.Model.Vae.Layers;
using Engine.Model.Vae.Tiling;
using Engine.Model.Weights;

namespace Engine.Model.Vae;

/// <summary>Which half of a VAE to load.</summary>
[Flags]
public enum VaeParts
{
    /// <summary>Pixels to latents.</summary>
    Encoder = 1,

    /// <summary>Latents to pixels.</summary>
    Decoder = 2,

    /// <summary>Both.</summary>
    Both = Encoder | Decoder,
}

/// <summary>The Wan VAE, 2.1 and 2.2: pixels to latents and back, frame by frame, in memory that does not depend on the clip's length.</summary>
/// <remarks>
/// AutoencoderKLWan, src/diffusers/models/autoencoders/autoencoder_kl_wan.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0).
/// The weights are packed once, at load; the loaded model may serve several decoders and encoders, one thread each.
/// </remarks>
public sealed class WanVae : IDisposable
{
    readonly DecoderNet? _decoder;
    readonly EncoderNet? _encoder;

    WanVae(VaeConfig config, Device device, DecoderNet? decoder, EncoderNet? encoder)
    {
        Config = config;
        Device = device;
        _decoder = decoder;
        _encoder = encoder;
    }

    /// <summary>Sizes.</summary>
    public VaeConfig Config { get; }

    /// <summary>Where the weights are.</summary>
    public Device Device { get; }

    /// <summary>Bytes from which on planes are treated as large; smaller in tests.</summary>
    internal long LargePlane { get; set; } = VaePass.DefaultLargePlane;

    /// <summary>Bytes of the packed weights.</summary>
    public long Bytes => (_decoder?.Bytes ?? 0) + (_encoder?.Bytes ?? 0);

    /// <summary>Loads the parts asked for; the caller completes the store, naming <see cref="Prefixes"/>.</summary>
    /// <param name="at">The VAE's tensors, in diffusers' names.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="device">Where the weights go.</param>
    /// <param name="parts">Which half.</param>
    /// <exception cref="EngineException">The configuration is not one of a Wan VAE.</exception>
    public static WanVae Load(WeightScope at, VaeConfig config, Device device, VaeParts parts = VaeParts.Both)
    {
        config.Validate();
        var encoder = parts.HasFlag(VaeParts.Encoder) ? EncoderNet.Load(at, config, device) : null;
        var decoder = parts.HasFlag(VaeParts.Decoder) ? DecoderNet.Load(at, config, device) : null;
        return new WanVae(config, device, decoder, encoder);
    }

    /// <summary>Loads the parts asked for and checks that every tensor of them fits.</summary>
    /// <exception cref="WeightMismatchException">Tensors are missing, extra or misshapen; all are named.</exception>
    public static WanVae Load(IWeightSource source, VaeConfig config, Device device, VaeParts parts = VaeParts.Both)
    {
        var store = new WeightStore(source, device);
        var vae = Load(store.Root, config, device, parts);
        try
        {
            store.Complete(Prefixes(parts));
            return vae;
        }
        catch
        {
            vae.Dispose();
            store.Release();
            throw;
        }
    }

    /// <summary>Prefixes of the tensors that loading those parts asks for, as <see cref="WeightStore.Complete(ReadOnlySpan{string})"/> takes them.</summary>
    public static string[] Prefixes(VaeParts parts) => parts switch
    {
        VaeParts.Encoder => ["encoder.", "quant_conv."],
        VaeParts.Decoder => ["decoder.", "post_quant_conv."],
        _ => [""],
    };

    /// <summary>Opens a decoder for clips of one size.</summary>
    /// <param name="latentHeight">h.</param>
    /// <param name="latentWidth">w.</param>
    /// <param name="tiling">How to cut frames that are too large for memory; null decodes whole frames.</param>
    public VaeDecoder OpenDecoder(int latentHeight, int latentWidth, VaeTiling? tiling = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(latentHeight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(latentWidth, 1);
        var net = _decoder ?? throw new InvalidOperationException("This VAE was loaded without its decoder.");
        return tiling is null
            ? new StreamingDecoder(net, Config, Device, latentHeight, latentWidth, LargePlane)
            : new TiledDecoder(net, Config, Device, latentHeight, latentWidth, tiling);
    }

    /// <summary>Opens an encoder for clips of one size.</summary>
    /// <param name="height">H, pixels; a multiple of <see cref="VaeConfig.SpatialFactor"/>.</param>
    /// <param name="width">W, pixels; likewise.</param>
    /// <param name="tiling">How to cut frames that are too large for memory; null encodes whole frames.</param>
    /// <exception cref="EngineException">The size is not a multiple.</exception>
    public VaeEncoder OpenEncoder(int height, int width, VaeTiling? tiling = null)
    {
        var net = _encoder ?? throw new InvalidOperationException("This VAE was loaded without its encoder.");
        return tiling is null
            ? new StreamingEncoder(net, Config, Device, height, width, LargePlane)
            : new TiledEncoder(net, Config, Device, height, width, tiling);
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _decoder?.Dispose();
        _encoder?.Dispose();
    }
}
