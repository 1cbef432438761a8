using Engine.Kernels;

namespace Engine.Model.Vae.Layers;

/// <summary>One frame, or two consecutive ones that go through a level together.</summary>
/// <param name="First">The earlier frame.</param>
/// <param name="Second">The later one, or empty.</param>
readonly record struct Frames(Plane First, Plane Second = default)
{
    /// <summary>1 or 2, or 0 where nothing came out.</summary>
    public int Count => First.IsEmpty ? 0 : Second.IsEmpty ? 1 : 2;

    /// <summary>Rows of pixels.</summary>
    public int Height => First.Height;

    /// <summary>Columns of pixels.</summary>
    public int Width => First.Width;

    /// <summary>A frame by its number.</summary>
    public Plane this[int frame] => frame == 0 ? First : Second;
}
