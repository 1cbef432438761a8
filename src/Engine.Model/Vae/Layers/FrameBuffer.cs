using Engine.Kernels;

namespace Engine.Model.Vae.Layers;

/// <summary>The pixel frames that one latent frame decodes to: [n, H, W, channels], filled one after another.</summary>
sealed class FrameBuffer(Device device, int capacity, int height, int width, int channels) : IDisposable
{
    readonly Tensor _all = device.NewTensor([capacity, height, width, channels]);

    /// <summary>Frames filled so far.</summary>
    public int Count { get; private set; }

    /// <summary>The filled frames.</summary>
    public Tensor Filled => _all.Slice(0, Count);

    /// <summary>The next frame, to be filled by the caller.</summary>
    public Plane Next() => new(_all[Count++]);

    /// <summary>Starts again at the first frame.</summary>
    public void Clear() => Count = 0;

    /// <inheritdoc/>
    public void Dispose() => _all.Dispose();
}
