using Engine.Kernels;

namespace Engine.Model.Vae.Layers;

/// <summary>What one open decoder or encoder keeps between frames: causal caches, scratch, and whether the clip has begun.</summary>
/// <remarks>Layers hold weights only and can serve any number of passes; a layer's cache is found by its slot number.</remarks>
sealed class VaePass : IDisposable
{
    readonly FrameHistory[] _histories;

    /// <summary>Makes an empty pass with a cache for each of <paramref name="slots"/> causal convolutions.</summary>
    public VaePass(Device device, int slots)
    {
        Device = device;
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
