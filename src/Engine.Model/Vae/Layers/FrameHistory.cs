using Engine.Kernels;

namespace Engine.Model.Vae.Layers;

/// <summary>The two frames before the present one at the input of a causal convolution: upstream's feature cache.</summary>
sealed class FrameHistory
{
    Plane _previous;
    Plane _oldest;

    /// <summary>Frames seen since the start.</summary>
    public int Seen { get; private set; }

    /// <summary>What the convolution of <paramref name="current"/> reads; frames before the first count as zeros.</summary>
    public ConvInput With(Plane current) => new(current, _previous, _oldest);

    /// <summary>Keeps the present frame, packed, and gives it and the oldest back.</summary>
    public void AdvancePacked(Plane current, Device device, PlanePool pool)
    {
        // The oldest frame's memory is free for the present one.
        var packed = _oldest.IsEmpty ? pool.Rent(current.Height, current.Width, current.Channels, current.Border, packed: true) : _oldest;
        PlanePacking.Run(device, current, packed);
        pool.Return(current);
        (_oldest, _previous) = (_previous, packed);
        Seen++;
    }

    /// <summary>Keeps the present frame and gives the oldest back.</summary>
    public void Advance(Plane current, PlanePool pool)
    {
        if (!_oldest.IsEmpty)
        {
            pool.Return(_oldest);
        }

        (_oldest, _previous) = (_previous, current);
        Seen++;
    }

    /// <summary>Forgets every frame.</summary>
    public void Reset(PlanePool pool)
    {
        foreach (var plane in (ReadOnlySpan<Plane>)[_oldest, _previous])
        {
            if (!plane.IsEmpty)
            {
                pool.Return(plane);
            }
        }

        (_oldest, _previous, Seen) = (default, default, 0);
    }
}
