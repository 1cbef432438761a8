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
    readonly Workspace _scratch;
    readonly HostMirror _large = new();
    readonly HostMirror _averages = new();
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
        _scratch = new Workspace(parts.Device);
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
            PixelRange.ToUnit(frames.Device, frames);
            PixelRange.ToBytes(frames.Device, frames, _rgb, _scratch);
            _show(new PreviewPicture(step + 1, _rgb, frames.Shape[2], frames.Shape[1]));
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _decoder.Dispose();
        _frame.Dispose();
        _small.Dispose();
        _scratch.Dispose();
        _vae.Dispose();
    }

    void Shrink()
    {
        int rows = _small.Shape[2];
        int columns = _small.Shape[3];
        var from = _large.Read(_frame);
        var to = _averages.ToWrite(_small);
        int height = _frame.Shape[2];
        int width = _frame.Shape[3];
        for (int c = 0; c < _small.Shape[0]; c++)
        {
            for (int y = 0; y < rows; y++)
            {
                for (int x = 0; x < columns; x++)
                {
                    float sum = 0;
                    for (int i = 0; i < _shrink * _shrink; i++)
                    {
                        sum += from[(((c * height) + (y * _shrink) + (i / _shrink)) * width) + (x * _shrink) + (i % _shrink)];
                    }

                    to[(((c * rows) + y) * columns) + x] = sum / (_shrink * _shrink);
                }
            }
        }

        _averages.Written(_small);
    }
}
