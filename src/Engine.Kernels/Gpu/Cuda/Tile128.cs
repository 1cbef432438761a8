using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>128 x 128 by 8 warps of 64 x 32.</summary>
struct Tile128 : ITile<Tile128>
{
    Strip _r0;
    Strip _r1;
    Strip _r2;
    Strip _r3;

    /// <inheritdoc/>
    public static int Rows => 128;

    /// <inheritdoc/>
    public static int Columns => 128;

    /// <inheritdoc/>
    public static int Threads => 256;

    /// <inheritdoc/>
    public static int Stages => 3;

    /// <inheritdoc/>
    public static int GroupsPerSm => 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WarpRow(int warp) => (warp >> 2) * 64;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WarpColumn(int warp) => (warp & 3) * 32;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tile128 Step<TMma, TLayout>(Tile128 sums, uint x, uint w)
        where TMma : unmanaged, IMma
        where TLayout : unmanaged, ILayout
    {
        var b0 = TLayout.Load(w, 0);
        var b1 = TLayout.Load(w, 1);
        sums._r0 = TMma.Multiply(sums._r0, TensorCore.LoadMatrix(x), b0, b1);
        sums._r1 = TMma.Multiply(sums._r1, TensorCore.LoadMatrix(x + Tiles.Block), b0, b1);
        sums._r2 = TMma.Multiply(sums._r2, TensorCore.LoadMatrix(x + (2 * Tiles.Block)), b0, b1);
        sums._r3 = TMma.Multiply(sums._r3, TensorCore.LoadMatrix(x + (3 * Tiles.Block)), b0, b1);
        return sums;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Tile128 sums, uint at, uint pitch)
    {
        Tiles.Write(sums._r0, at, pitch);
        Tiles.Write(sums._r1, at + (16 * pitch), pitch);
        Tiles.Write(sums._r2, at + (32 * pitch), pitch);
        Tiles.Write(sums._r3, at + (48 * pitch), pitch);
    }
}
