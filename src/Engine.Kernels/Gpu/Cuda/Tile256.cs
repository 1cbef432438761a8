using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>128 x 256 by 8 warps of 64 x 64: reads least per product, takes half of a multiprocessor's registers.</summary>
struct Tile256 : ITile<Tile256>
{
    Strip _l0;
    Strip _l1;
    Strip _l2;
    Strip _l3;
    Strip _r0;
    Strip _r1;
    Strip _r2;
    Strip _r3;

    /// <inheritdoc/>
    public static int Rows => 128;

    /// <inheritdoc/>
    public static int Columns => 256;

    /// <inheritdoc/>
    public static int Threads => 256;

    /// <inheritdoc/>
    public static int Stages => 4;

    /// <inheritdoc/>
    public static int GroupsPerSm => 1;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WarpRow(int warp) => (warp >> 2) * 64;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WarpColumn(int warp) => (warp & 3) * 64;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tile256 Step<TMma, TLayout>(Tile256 sums, uint x, uint w)
        where TMma : unmanaged, IMma
        where TLayout : unmanaged, ILayout
    {
        var b0 = TLayout.Load(w, 0);
        var b1 = TLayout.Load(w, 1);
        var b2 = TLayout.Load(w, 2);
        var b3 = TLayout.Load(w, 3);
        var a = TensorCore.LoadMatrix(x);
        sums._l0 = TMma.Multiply(sums._l0, a, b0, b1);
        sums._r0 = TMma.Multiply(sums._r0, a, b2, b3);
        a = TensorCore.LoadMatrix(x + Tiles.Block);
        sums._l1 = TMma.Multiply(sums._l1, a, b0, b1);
        sums._r1 = TMma.Multiply(sums._r1, a, b2, b3);
        a = TensorCore.LoadMatrix(x + (2 * Tiles.Block));
        sums._l2 = TMma.Multiply(sums._l2, a, b0, b1);
        sums._r2 = TMma.Multiply(sums._r2, a, b2, b3);
        a = TensorCore.LoadMatrix(x + (3 * Tiles.Block));
        sums._l3 = TMma.Multiply(sums._l3, a, b0, b1);
        sums._r3 = TMma.Multiply(sums._r3, a, b2, b3);
        return sums;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Tile256 sums, uint at, uint pitch)
    {
        Tiles.Write(sums._l0, at, pitch);
        Tiles.Write(sums._l1, at + (16 * pitch), pitch);
        Tiles.Write(sums._l2, at + (32 * pitch), pitch);
        Tiles.Write(sums._l3, at + (48 * pitch), pitch);
        at += 128;
        Tiles.Write(sums._r0, at, pitch);
        Tiles.Write(sums._r1, at + (16 * pitch), pitch);
        Tiles.Write(sums._r2, at + (32 * pitch), pitch);
        Tiles.Write(sums._r3, at + (48 * pitch), pitch);
    }
}
