using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>How a group splits its tile among warps, and the sums that one thread holds.</summary>
/// <remarks>
/// In shared memory a stage is <see cref="Rows"/> rows of x, then <see cref="Columns"/> rows of w, each of 32 values of k (64 bytes,
/// four chunks of 16). Chunk c of row r lies at place c ^ (r / 2 % 4): eight rows that ldmatrix reads at once, and eight that a
/// quarter warp writes, fall into different banks.
/// </remarks>
interface ITile<TSelf>
    where TSelf : unmanaged
{
    /// <summary>Rows of the tile, a multiple of 64.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of the tile.</summary>
    static abstract int Columns { get; }

    /// <summary>Threads of the group.</summary>
    static abstract int Threads { get; }

    /// <summary>Stages of the pipeline: 3 or 4.</summary>
    static abstract int Stages { get; }

    /// <summary>Groups that are to fit a multiprocessor at a time.</summary>
    static abstract int GroupsPerSm { get; }

    /// <summary>First row of a warp in the tile.</summary>
    static abstract int WarpRow(int warp);

    /// <summary>First column of a warp in the tile.</summary>
    static abstract int WarpColumn(int warp);

    /// <summary>Adds the products of 16 values of k.</summary>
    /// <param name="sums">So far.</param>
    /// <param name="x">Address of this lane's row of x in the stage.</param>
    /// <param name="w">Address of this lane's row of w in the stage.</param>
    static abstract TSelf Step<TMma>(TSelf sums, uint x, uint w)
        where TMma : unmanaged, IMma;

    /// <summary>Writes the sums to shared memory as rows of f32.</summary>
    /// <param name="sums">Sums of this thread.</param>
    /// <param name="at">Where the thread's first sum goes.</param>
    /// <param name="pitch">Bytes from one row to the next.</param>
    static abstract void Write(TSelf sums, uint at, uint pitch);
}

/// <summary>Strides that all tiles share.</summary>
static class Tiles
{
    /// <summary>Values of k in a stage.</summary>
    public const int Depth = 32;

    /// <summary>Bytes of a row in a stage.</summary>
    public const int RowBytes = Depth * 2;

    /// <summary>Bytes from one block of 16 rows to the next.</summary>
    public const uint Block = 16 * RowBytes;

    /// <summary>Floats that the rows of the finished tile are apart beyond its width, so that they begin in different banks.</summary>
    public const int Skew = 8;

    /// <summary>Place of a chunk of 16 bytes in a stage.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Place(int row, int chunk) => (uint)((row * RowBytes) + ((chunk ^ ((row >> 1) & 3)) << 4));

    /// <summary>Writes a strip of sums: rows lane / 4 and 8 further on, two columns in every eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Strip s, uint at, uint pitch)
    {
        uint below = at + (8 * pitch);
        Asm.StoreShared(at, s.A.X, s.A.Y);
        Asm.StoreShared(below, s.A.Z, s.A.W);
        Asm.StoreShared(at + 32, s.B.X, s.B.Y);
        Asm.StoreShared(below + 32, s.B.Z, s.B.W);
        Asm.StoreShared(at + 64, s.C.X, s.C.Y);
        Asm.StoreShared(below + 64, s.C.Z, s.C.W);
        Asm.StoreShared(at + 96, s.D.X, s.D.Y);
        Asm.StoreShared(below + 96, s.D.Z, s.D.W);
    }
}

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
    public static Tile64 Step<TMma>(Tile64 sums, uint x, uint w)
        where TMma : unmanaged, IMma
    {
        var b0 = TensorCore.LoadMatrix(w);
        var b1 = TensorCore.LoadMatrix(w + Tiles.Block);
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
    public static Tile128 Step<TMma>(Tile128 sums, uint x, uint w)
        where TMma : unmanaged, IMma
    {
        var b0 = TensorCore.LoadMatrix(w);
        var b1 = TensorCore.LoadMatrix(w + Tiles.Block);
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
    public static Tile256 Step<TMma>(Tile256 sums, uint x, uint w)
        where TMma : unmanaged, IMma
    {
        var b0 = TensorCore.LoadMatrix(w);
        var b1 = TensorCore.LoadMatrix(w + Tiles.Block);
        var b2 = TensorCore.LoadMatrix(w + (2 * Tiles.Block));
        var b3 = TensorCore.LoadMatrix(w + (3 * Tiles.Block));
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
