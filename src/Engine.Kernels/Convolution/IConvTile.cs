namespace Engine.Kernels;

/// <summary>Where a micro-kernel finds its left operand: runs of values, the same distance apart for each pixel.</summary>
readonly unsafe struct ConvSegments(float** sources, int count, int length, nint pixel)
{
    /// <summary>First value of each run at pixel 0.</summary>
    public readonly float** Sources = sources;

    /// <summary>Number of runs.</summary>
    public readonly int Count = count;

    /// <summary>Values in a run.</summary>
    public readonly int Length = length;

    /// <summary>Values from one pixel to the next.</summary>
    public readonly nint Pixel = pixel;
}

/// <summary>Micro-kernels of one instruction set: a tile of pixels times a panel of 16 output channels, kept in registers.</summary>
/// <remarks>
/// c[m, n] (+)= sum over runs s and steps k of sources[s][at + m pixel + k] * b[s, k, n]; b: [runs * length, 16].
/// What lies ahead values beyond b is fetched into the second-level cache meanwhile, a quarter of a line per step.
/// Each sum is made in the order of the steps, so that results do not depend on how pixels fall into tiles.
/// </remarks>
unsafe interface IConvTile
{
    /// <summary>Pixels per tile; a divisor of the block unit.</summary>
    static abstract int Rows { get; }

    /// <summary><see cref="Rows"/> pixels, one panel.</summary>
    static abstract void Run(in ConvSegments x, nint at, float* b, nint ahead, float* c, nint columns, bool add);

    /// <summary><see cref="Rows"/> pixels, two panels whose outputs lie side by side.</summary>
    static abstract void RunPair(in ConvSegments x, nint at, float* b0, float* b1, nint ahead, float* c, nint columns, bool add);

    /// <summary>One pixel, one panel.</summary>
    static abstract void RunRow(in ConvSegments x, nint at, float* b, float* c, bool add);
}
