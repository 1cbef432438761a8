using Engine.Kernels;

namespace Engine.Runtime.Benchmarks;

/// <summary>A clip's size in pixels, latents and tokens of one model.</summary>
readonly record struct BenchSize(int Width, int Height, int Frames, int LatentWidth, int LatentHeight, int LatentFrames, int Tokens)
{
    /// <summary>Works it out.</summary>
    /// <exception cref="RequestException">The model has no clip of that size.</exception>
    public static BenchSize Of(BenchRequest request)
    {
        var (transformer, vae) = (request.Model.Transformer, request.Model.Vae);
        int across = vae.SpatialFactor * transformer.Patch.W;
        int down = vae.SpatialFactor * transformer.Patch.H;
        if (request.Width < across || request.Width % across != 0 || request.Height < down || request.Height % down != 0)
        {
            throw new RequestException("size", $"{request.Width}x{request.Height} is not possible; {request.Model.Name} takes multiples of {across}x{down}.");
        }

        if (request.Frames < 1 || (request.Frames - 1) % vae.TemporalFactor != 0)
        {
            throw new RequestException("frames", $"{request.Frames} is not possible; it takes {vae.TemporalFactor}n+1.");
        }

        int width = request.Width / vae.SpatialFactor;
        int height = request.Height / vae.SpatialFactor;
        int frames = ((request.Frames - 1) / vae.TemporalFactor) + 1;
        return new(request.Width, request.Height, request.Frames, width, height, frames, frames * (width / transformer.Patch.W) * (height / transformer.Patch.H));
    }

    /// <summary>Shape of the latent of that many channels, [C, T, h, w].</summary>
    public Shape LatentShape(int channels) => [channels, LatentFrames, LatentHeight, LatentWidth];

    public override string ToString() => $"{Width}x{Height}, {Frames} frames";
}
