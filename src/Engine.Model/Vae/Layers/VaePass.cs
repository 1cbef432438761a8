using Engine.Kernels;

namespace Engine.Model.Vae.Layers;

/// <summary>What one open decoder or encoder keeps between frames: causal caches, scratch, and whether the clip has begun.</summary>
/// <remarks>Layers hold weights only and can serve any number of passes; a layer's cache is found by its slot number.</remarks>
sealed class VaePass : IDisposable
{
    /// <summary>Bytes from which on a plane is large.</summary>
    public const long DefaultLargePlane = 32L << 20;

    readonly FrameHistory[] _histories;

    /// <summary>Makes an empty pass with a cache for each of <paramref name="slots"/> causal convolutions.</summary>
    public VaePass(Device device, int slots, long largePlane = DefaultLargePlane)
    {
        Device = device;
        LargePlane = largePlane;
        Scratch = new Workspace(device);
        Pool = new PlanePool(device);
        _histories = new FrameHistory[slots];
        for (int i = 0; i < slots; i++)
        {
            _histories[i] = new FrameHistory();
        }
    }

    /// <summary>Where everything runs.</summary>
    public Device Device { get; }

    /// <summary>Memory that a layer gives back when it is done.</summary>
    public Workspace Scratch { get; }

    /// <summary>Planes that are kept between frames.</summary>
    public PlanePool Pool { get; }

    /// <summary>True while the clip's first frame runs, which takes no part in changes of the frame rate.</summary>
    public bool IsFirst { get; set; } = true;

    /// <summary>A cache by its slot number.</summary>
    public FrameHistory History(int slot) => _histories[slot];

    /// <summary>A plane without border, valid until the enclosing scope of <see cref="Scratch"/> ends.</summary>
    public Plane Take(int height, int width, int channels) => new(Scratch.Take([height, width, channels]));

    /// <summary>Bytes from which on memory counts more than time.</summary>
    public long LargePlane { get; }

    /// <summary>
    /// True where a plane is so large that frames run one by one, though two at a time take fewer multiplications but two more
    /// planes in each of several places, and that causal caches are packed.
    /// </summary>
    public bool IsLarge(int height, int width, int channels) => (long)height * width * channels * sizeof(float) >= LargePlane;

    /// <summary>Frames that go through a level together, where there are as many.</summary>
    public int FramesAtOnce(int height, int width, int channels) =>
        Device.Kind == DeviceKind.Cpu && !IsLarge(height, width, channels) ? 2 : 1;

    /// <summary>Planes without border like others, but with other channels; valid until the enclosing scope of <see cref="Scratch"/> ends.</summary>
    public Frames Take(Frames like, int channels) => new(
        Take(like.Height, like.Width, channels), like.Count == 2 ? Take(like.Height, like.Width, channels) : default);

    /// <summary>Planes of <see cref="Pool"/> like others, but with other channels.</summary>
    public Frames Rent(Frames like, int channels, int border) => new(
        Pool.Rent(like.Height, like.Width, channels, border), like.Count == 2 ? Pool.Rent(like.Height, like.Width, channels, border) : default);

    /// <summary>Normalises each frame.</summary>
    public void Norm(Frames x, Tensor gain, Frames y)
    {
        for (int i = 0; i < x.Count; i++)
        {
            ChannelNorm.Run(Device, x[i], gain, silu: true, y[i]);
        }
    }

    /// <summary>Makes the pass ready for another clip of the same size.</summary>
    public void Reset()
    {
        foreach (var history in _histories)
        {
            history.Reset(Pool);
        }

        IsFirst = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pool.Dispose();
        Scratch.Dispose();
    }
}
