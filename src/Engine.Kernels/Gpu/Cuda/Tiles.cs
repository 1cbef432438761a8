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
    static abstract TSelf Step<TMma, TLayout>(TSelf sums, uint x, uint w)
        where TMma : unmanaged, IMma
        where TLayout : unmanaged, ILayout;

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
