using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>Where a tile of sums goes from the registers: to[r, n] = from[r, n] + scale * tile[r, n].</summary>
unsafe struct TileTarget
{
    // What is added to a tile that has nothing to be added to.
    static readonly float* s_zeros = Zeros();

    /// <summary>The result's first value.</summary>
    public float* To;

    /// <summary>Floats from one row of the result to the next.</summary>
    public nint Stride;

    /// <summary>First value of what is added: the result itself, a bias, or zeros.</summary>
    public float* From;

    /// <summary>Floats from one row of what is added to the next; 0 where all rows get the same.</summary>
    public nint FromStride;

    /// <summary>Factor of the sums.</summary>
    public float Scale;

    /// <summary>The tile as it is.</summary>
    public static TileTarget Store(float* to, nint stride) => new() { To = to, Stride = stride, From = s_zeros, Scale = 1 };

    /// <summary>The tile added to what is there.</summary>
    public static TileTarget Add(float* to, nint stride, float scale = 1) =>
        new() { To = to, Stride = stride, From = to, FromStride = stride, Scale = scale };

    /// <summary>The tile and a bias (null for none), the same for each row.</summary>
    public static TileTarget Begin(float* to, nint stride, float* bias, float scale) =>
        new() { To = to, Stride = stride, From = bias == null ? s_zeros : bias, Scale = scale };

    /// <summary>The same target from a later row of the tile on.</summary>
    public readonly TileTarget Below(int row) =>
        new() { To = To + (row * Stride), Stride = Stride, From = From + (row * FromStride), FromStride = FromStride, Scale = Scale };

    static float* Zeros()
    {
        nuint bytes = TileKernel.WidestPanel * sizeof(float);
        float* zeros = (float*)NativeMemory.AlignedAlloc(bytes, Storage.Alignment);
        NativeMemory.Clear(zeros, bytes);
        return zeros;
    }
}
