using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Extents of a <see cref="Plane"/>, as kernels take them.</summary>
struct PlaneShape
{
    /// <summary>Rows of pixels inside the border.</summary>
    public int Height;

    /// <summary>Columns of pixels inside the border.</summary>
    public int Width;

    /// <summary>Values per pixel.</summary>
    public int Channels;

    /// <summary>Width of the border, pixels.</summary>
    public int Border;

    /// <summary>Extents of a plane; all 0 for one that was not given.</summary>
    public PlaneShape(Plane plane)
    {
        Height = plane.Height;
        Width = plane.Width;
        Channels = plane.Channels;
        Border = plane.Border;
    }

    /// <summary>Values of a row inside the border.</summary>
    public readonly int RowValues
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Width * Channels;
    }

    /// <summary>Values from the first of the memory to the first of a row's inside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly long Row(int y) => ((((long)y + Border) * (Width + (2 * Border))) + Border) * Channels;
}
