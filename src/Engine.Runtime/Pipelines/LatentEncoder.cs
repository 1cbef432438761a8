using Engine.Kernels;
using Engine.Model.Vae;
using Engine.Runtime.Media;

namespace Engine.Runtime.Pipelines;

/// <summary>Pictures to normalised latents, group by group, so that memory does not grow with the clip.</summary>
sealed class LatentEncoder : IDisposable
{
    readonly VaeEncoder _encoder;
    readonly VaeConfig _config;
    readonly Tensor _frames;
    readonly Tensor _latent;
    readonly Workspace _scratch;
    float[]? _host;

    /// <summary>Opens the encoder for one size.</summary>
    /// <param name="vae">The VAE, with its encoder.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="tiling">How large frames are cut; null does them whole.</param>
    public LatentEncoder(WanVae vae, int width, int height, VaeTiling? tiling)
    {
        _config = vae.Config;
        _encoder = vae.OpenEncoder(height, width, tiling);
        _scratch = new Workspace(vae.Device, blockBytes: 1 << 12);
        _frames = vae.Device.NewTensor([_config.TemporalFactor, height, width, 3]);
        _latent = vae.Device.NewTensor([_config.ZDim, 1, height / _config.SpatialFactor, width / _config.SpatialFactor]);
    }

    /// <summary>Encodes one clip.</summary>
    /// <param name="frames">4n + 1 pictures of the encoder's size; null stands for mid-grey.</param>
    /// <param name="take">Told each latent frame's index and values [Z, 1, h, w], valid during the call.</param>
    /// <param name="cancel">Stops between groups.</param>
    public void Encode(IEnumerable<Image?> frames, Action<int, Tensor> take, CancellationToken cancel) =>
        Encode(frames.Select(f => new EncoderFrame(f)), take, cancel);

    /// <summary>Encodes one clip whose frames may be known in part.</summary>
    /// <param name="frames">4n + 1 frames of the encoder's size.</param>
    /// <param name="take">Told each latent frame's index and values [Z, 1, h, w], valid during the call.</param>
    /// <param name="cancel">Stops between groups.</param>
    public void Encode(IEnumerable<EncoderFrame> frames, Action<int, Tensor> take, CancellationToken cancel)
    {
        _encoder.Reset();
        int filled = 0;
        int pushed = 0;
        int done = 0;
        void Normalised(Tensor made)
        {
            _latent.CopyFrom(made);
            LatentScale.Normalise(_config, _latent);
            take(done++, _latent);
        }

        LatentSink sink = Normalised;
        foreach (var frame in frames)
        {
            Fill(_frames[filled++], frame);
            if (filled == (pushed == 0 ? 1 : _config.TemporalFactor))
            {
                cancel.ThrowIfCancellationRequested();
                _encoder.Push(_frames.Slice(0, filled), sink);
                pushed++;
                filled = 0;
            }
        }

        if (filled != 0)
        {
            throw new InvalidOperationException($"{filled} frames are left over: a clip has {_config.TemporalFactor}n + 1 frames.");
        }

        _encoder.Finish(sink, (_, _) => cancel.ThrowIfCancellationRequested());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _encoder.Dispose();
        _frames.Dispose();
        _latent.Dispose();
        _scratch.Dispose();
    }

    void Fill(Tensor into, in EncoderFrame frame)
    {
        if (frame.IsGrey)
        {
            into.Fill(0);
            return;
        }

        frame.Require(into);
        if (frame is { Picture: { } picture, Mask: null })
        {
            PixelRange.FromBytes(into.Device, picture.Rgb, into, _scratch);
        }
        else if (!into.Device.IsDry)
        {
            _host ??= new float[into.Count];
            frame.CopyTo(_host);
            into.CopyFrom(_host);
        }
    }
}
