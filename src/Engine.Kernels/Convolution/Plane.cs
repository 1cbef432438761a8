namespace Engine.Kernels;

/// <summary>One frame of channels-last values, with or without a one-pixel border of zeros.</summary>
/// <remarks>
/// Memory: [H + 2b, W + 2b, C] f32 with b = <see cref="Border"/> (0 or 1). 3x3 convolutions read planes with a border, so that
/// no kernel has to treat the edges; whoever fills such a plane writes the inside only and leaves the border zero.
/// </remarks>
public readonly unsafe struct Plane
{
    /// <summary>Wraps a tensor of rank 3.</summary>
    /// <param name="values">[H + 2b, W + 2b, C].</param>
    /// <param name="border">b: 0 or 1.</param>
    /// <param name="packed">True where three quarters of the memory hold a pixel, see <see cref="PlanePacking"/>.</param>
    public Plane(Tensor values, int border = 0, bool packed = false)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Shape.Rank, 3, nameof(values));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)border, 1u);
        Values = values;
        Border = border;
        var shape = values.Shape;
        Height = shape[0] - (2 * border);
        Width = shape[1] - (2 * border);
        Spread = shape[2];
        Channels = packed ? shape[2] / 3 * 4 : shape[2];
        IsPacked = packed;
        if (Height < 1 || Width < 1)
        {
            throw new ArgumentException($"A plane of shape {values.Shape} with a border of {border} has no inside.", nameof(values));
        }
    }

    /// <summary>The memory, border included.</summary>
    public Tensor Values { get; }

    /// <summary>Width of the border of zeros, pixels.</summary>
    public int Border { get; }

    /// <summary>Rows of pixels inside the border.</summary>
    public int Height { get; }

    /// <summary>Columns of pixels inside the border.</summary>
    public int Width { get; }

    /// <summary>Values per pixel.</summary>
    public int Channels { get; }

    /// <summary>True where the values are those of <see cref="PlanePacking"/>; only some convolutions read them.</summary>
    public bool IsPacked { get; }

    /// <summary>True when no tensor was given; convolutions take it for a frame of zeros.</summary>
    public bool IsEmpty => Values.IsEmpty;

    /// <summary>Pixels from one row to the next.</summary>
    internal int Pitch => Width + (2 * Border);

    /// <summary>Floats of memory from one pixel to the next.</summary>
    internal int Spread { get; }

    /// <summary>The shape that holds a plane of this size.</summary>
    public static Shape ShapeOf(int height, int width, int channels, int border) =>
        [height + (2 * border), width + (2 * border), channels];

    /// <summary>Values from the first to the pixel at (<paramref name="y"/>, <paramref name="x"/>) inside the border; -1 is the border.</summary>
    internal nint Offset(int y, int x) => ((((nint)y + Border) * Pitch) + x + Border) * Spread;

    /// <summary>First value of the pixel at (<paramref name="y"/>, <paramref name="x"/>).</summary>
    internal float* At(int y, int x) => Values.Pointer + Offset(y, x);

    /// <summary>Height, width and channels as messages print them.</summary>
    public override string ToString() => IsEmpty ? "none" : $"{Height}x{Width}x{Channels}{(Border == 0 ? "" : " with border")}";
}
