using Engine.Kernels;
using Engine.Model.Vae;

namespace Engine.Runtime.Pipelines;

/// <summary>A small picture of what the model foresees for the middle of the clip.</summary>
/// <remarks>The foreseen latent is averaged down before it is decoded, so that a preview of a large clip costs a fraction of a frame.</remarks>
sealed class Preview : IDisposable
{
    const int LongestSide = 320;

    readonly Part<WanVae>.Lease _vae;
    readonly VaeDecoder _decoder;
    readonly Action<PreviewPicture> _show;
    readonly Tensor _frame;
    readonly Tensor _small;
    readonly byte[] _rgb;
    readonly int _middle;
    readonly int _shrink;

    /// <summary>Reads the decoder and allocates every buffer.</summary>
    public Preview(ModelParts parts, Shape latent, Action<PreviewPicture> show)
    {
        _vae = parts.Decoder.Rent();
        var config = _vae.Value.Config;
        int longest = Math.Max(latent[2], latent[3]) * config.SpatialFactor;
        _shrink = (longest + LongestSide - 1) / LongestSide;
        _show = show;
        _middle = latent[1] / 2;
        _frame = parts.Device.NewTensor([latent[0], 1, latent[2], latent[3]]);
        _small = parts.Device.NewTensor([latent[0], 1, Math.Max(1, latent[2] / _shrink), Math.Max(1, latent[3] / _shrink)]);
        _decoder = _vae.Value.OpenDecoder(_small.Shape[2], _small.Shape[3]);
        _rgb = new byte[_small.Shape[2] * _small.Shape[3] * config.SpatialFactor * config.SpatialFactor * 3];
    }

    /// <summary>Makes and shows the picture after a step.</summary>
    public void Show(Sampler sampler, int step)
    {
        sampler.Foresee(step, _middle, _frame);
        LatentScale.Denormalise(_vae.Value.Config, _frame);
        Shrink();
        _decoder.Reset();
        _decoder.Push(_small, frames =>
        {
            DecodeStage.ToUnit(frames);
            DecodeStage.ToBytes(frames, _rgb);
            _show(new PreviewPicture(step + 1, _rgb, frames.Shape[2], frames.Shape[1]));
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _decoder.Dispose();
        _frame.Dispose();
        _small.Dispose();
        _vae.Dispose();
    }

    void Shrink()
    {
        int rows = _small.Shape[2];
        int columns = _small.Shape[3];
        for (int c = 0; c < _small.Shape[0]; c++)
        {
            for (int y = 0; y < rows; y++)
            {
                for (int x = 0; x < columns; x++)
                {
                    float sum = 0;
                    for (int i = 0; i < _shrink * _shrink; i++)
                    {
                        sum += _frame[c][0][(y * _shrink) + (i / _shrink)].Span[(x * _shrink) + (i % _shrink)];
                    }

                    _small[c][0][y].Span[x] = sum / (_shrink * _shrink);
                }
            }
        }
    }
}
