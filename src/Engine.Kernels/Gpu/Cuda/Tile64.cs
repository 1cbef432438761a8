using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>64 x 64 by 4 warps of 32 x 32: for few rows or columns.</summary>
struct Tile64 : ITile<Tile64>
{
    Strip _r0;
    Strip _r1;

    /// <inheritdoc/>
    public static int Rows => 64;

    /// <inheritdoc/>
    public static int Columns => 64;

    /// <inheritdoc/>
    public static int Threads => 128;

    /// <inheritdoc/>
    public static int Stages => 4;

    /// <inheritdoc/>
    public static int GroupsPerSm => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WarpRow(int warp) => (warp >> 1) * 32;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WarpColumn(int warp) => (warp & 1) * 32;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tile64 Step<TMma, TLayout>(Tile64 sums, uint x, uint w)
        where TMma : unmanaged, IMma
        where TLayout : unmanaged, ILayout
    {
        var b0 = TLayout.Load(w, 0);
        var b1 = TLayout.Load(w, 1);
        sums._r0 = TMma.Multiply(sums._r0, TensorCore.LoadMatrix(x), b0, b1);
        sums._r1 = TMma.Multiply(sums._r1, TensorCore.LoadMatrix(x + Tiles.Block), b0, b1);
        return sums;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Tile64 sums, uint at, uint pitch)
    {
        Tiles.Write(sums._r0, at, pitch);
        Tiles.Write(sums._r1, at + (16 * pitch), pitch);
    }
}
