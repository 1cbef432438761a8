using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;

namespace Engine.Kernels.Gpu;

/// <summary>Where a tile's rows of one operand come from, and how they get into shared memory.</summary>
/// <remarks>
/// Operands that are stored as the tensor cores want them are copied asynchronously by <see cref="Fetch"/>. Others are loaded into
/// registers by it, before the products of an earlier stage, and converted by <see cref="Put"/> after them.
/// </remarks>
interface IOperand<TSelf>
    where TSelf : unmanaged, IOperand<TSelf>
{
    /// <summary>What a thread keeps for the whole product: the address of its first row and place.</summary>
    static abstract ulong Begin(TSelf self, int firstRow, int rows, int thread);

    /// <summary>Starts a stage.</summary>
    /// <param name="self">The operand.</param>
    /// <param name="origin">What <see cref="Begin"/> gave.</param>
    /// <param name="firstRow">First row of the tile.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="threads">Threads of the group.</param>
    /// <param name="thread">This thread.</param>
    /// <param name="k">Stage of 32 values of k.</param>
    /// <param name="part">Which part of the values: 0 the rounded ones, 1 what rounding left.</param>
    /// <param name="to">Where the stage lies in shared memory.</param>
    static abstract Staged Fetch(TSelf self, ulong origin, int firstRow, int rows, int threads, int thread, int k, int part, uint to);

    /// <summary>Ends a stage; arguments as for <see cref="Fetch"/>.</summary>
    static abstract void Put(TSelf self, Staged staged, int rows, int thread, int part, uint to);
}

/// <summary>What becomes of the finished sums.</summary>
interface IEnd<TSelf>
    where TSelf : unmanaged, IEnd<TSelf>
{
    /// <summary>What four columns need in every row (a bias).</summary>
    static abstract F32x4 Columns(TSelf self, int column);

    /// <summary>Four sums of a row; rows and columns may lie outside.</summary>
    /// <param name="self">The end.</param>
    /// <param name="row">Row of the product.</param>
    /// <param name="column">First of four columns, a multiple of 4.</param>
    /// <param name="v">The sums.</param>
    /// <param name="columns">What <see cref="Columns"/> gave.</param>
    static abstract void Finish(TSelf self, int row, int column, F32x4 v, F32x4 columns);
}

/// <summary>Registers between <see cref="IOperand{TSelf}.Fetch"/> and <see cref="IOperand{TSelf}.Put"/>.</summary>
struct Staged
{
    public U32x4 A;
    public U32x4 B;
    public U32x4 C;
    public U32x4 D;
}

/// <summary>Extents of a product.</summary>
/// <param name="rows">M.</param>
/// <param name="columns">N.</param>
/// <param name="stages">Stages of 32 values of k.</param>
/// <param name="passes">1: rounded operands. 2: also what rounding left of x. 3: also what it left of w.</param>
readonly struct ProductShape(int rows, int columns, int stages, int passes)
{
    public readonly int Rows = rows;
    public readonly int Columns = columns;
    public readonly int Stages = stages;
    public readonly int Passes = passes;
}

/// <summary>Product of two matrices on tensor cores: y[m, n] = sum_k x[m, k] w[n, k], tile by tile.</summary>
/// <remarks>
/// Grid: (tiles, splits of k, 1). Tiles are taken in columns of eight rows of tiles, so that groups that run side by side share operands
/// in the second-level cache. A stage is fetched <c>Stages - 1</c> ahead of its products. One barrier per stage: it says that everybody's
/// copies of this stage have landed and that nobody still reads the stage that is fetched into next.
/// </remarks>
static class TileProduct
{
    const int TileRowsPerColumn = 8;

    /// <summary>The kernel of these types.</summary>
    /// <param name="name">Operation, tile and types.</param>
    /// <param name="groupsPerSm">Groups that are to fit a multiprocessor, or 0 for what the tile says.</param>
    public static CudaKernel Kernel<TTile, TMma, TX, TW, TLayout, TEnd>(string name, int groupsPerSm = 0)
        where TTile : unmanaged, ITile<TTile>
        where TMma : unmanaged, IMma
        where TX : unmanaged, IOperand<TX>
        where TW : unmanaged, IOperand<TW>
        where TLayout : unmanaged, ILayout
        where TEnd : unmanaged, IEnd<TEnd>
    {
        var method = typeof(TileProduct).GetMethod(nameof(Run), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(typeof(TTile), typeof(TMma), typeof(TX), typeof(TW), typeof(TLayout), typeof(TEnd));
        int ring = TTile.Stages * (TTile.Rows + TTile.Columns) * Tiles.RowBytes;
        int tile = 64 * (TTile.Columns + Tiles.Skew) * sizeof(float);
        return new CudaKernel(name, method, TTile.Threads, Math.Max(ring, tile), groupsPerSm == 0 ? TTile.GroupsPerSm : groupsPerSm);
    }

    internal static void Run<TTile, TMma, TX, TW, TLayout, TEnd>(TX x, TW w, TEnd end, ProductShape shape)
        where TTile : unmanaged, ITile<TTile>
        where TMma : unmanaged, IMma
        where TX : unmanaged, IOperand<TX>
        where TW : unmanaged, IOperand<TW>
        where TLayout : unmanaged, ILayout
        where TEnd : unmanaged, IEnd<TEnd>
    {
        _ = SharedMemory.GetDynamic<U32x4>();
        uint shared = Asm.SharedBase();
        int thread = Group.IdxX;
        int lane = thread & 31;
        int warp = thread >> 5;

        // Which tile: down eight rows of tiles, then the next column.
        int tileRows = (shape.Rows + TTile.Rows - 1) / TTile.Rows;
        int tileColumns = (shape.Columns + TTile.Columns - 1) / TTile.Columns;
        int band = Grid.IdxX / (TileRowsPerColumn * tileColumns);
        int within = Grid.IdxX - (band * TileRowsPerColumn * tileColumns);
        int height = Least(tileRows - (band * TileRowsPerColumn), TileRowsPerColumn);
        int row0 = ((band * TileRowsPerColumn) + (within % height)) * TTile.Rows;
        int column0 = within / height * TTile.Columns;

        // Which stages: an equal share of all passes.
        int total = shape.Stages * shape.Passes;
        int first = total * Grid.IdxY / Grid.DimY;
        int last = total * (Grid.IdxY + 1) / Grid.DimY;

        ulong xOrigin = TX.Begin(x, row0, TTile.Rows, thread);
        ulong wOrigin = TW.Begin(w, column0, TTile.Columns, thread);
        uint stageBytes = (uint)((TTile.Rows + TTile.Columns) * Tiles.RowBytes);
        uint xBytes = (uint)(TTile.Rows * Tiles.RowBytes);
        uint end0 = shared + ((uint)TTile.Stages * stageBytes);
        uint write = shared;
        int pass = first / shape.Stages;
        int k = first - (pass * shape.Stages);
        int next = first;
        for (int s = 1; s < TTile.Stages; s++)
        {
            if (next < last)
            {
                var xs = TX.Fetch(x, xOrigin, row0, TTile.Rows, TTile.Threads, thread, k, pass & 1, write);
                var ws = TW.Fetch(w, wOrigin, column0, TTile.Columns, TTile.Threads, thread, k, pass >> 1, write + xBytes);
                TX.Put(x, xs, TTile.Rows, thread, pass & 1, write);
                TW.Put(w, ws, TTile.Columns, thread, pass >> 1, write + xBytes);
                next++;
                k++;
                pass = k == shape.Stages ? pass + 1 : pass;
                k = k == shape.Stages ? 0 : k;
            }

            Asm.Commit();
            write += stageBytes;
        }

        // Lanes of an operand: see TensorCore. The second 16 values of k are two chunks on, which is bit 5 of the place.
        uint xAt = Tiles.Place(TTile.WarpRow(warp) + (lane & 15), lane >> 4);
        uint wAt = TLayout.First(TTile.WarpColumn(warp), lane, TTile.Columns);
        uint wSecond = TLayout.Second(wAt, TTile.Columns);
        uint read = shared;
        TTile sums = default;
        for (int s = first; s < last; s++)
        {
            if (TTile.Stages == 4)
            {
                Asm.WaitAllButTwo();
            }
            else
            {
                Asm.WaitAllButOne();
            }

            Group.Barrier();
            Staged xs = default;
            Staged ws = default;
            bool more = next < last;
            if (more)
            {
                xs = TX.Fetch(x, xOrigin, row0, TTile.Rows, TTile.Threads, thread, k, pass & 1, write);
                ws = TW.Fetch(w, wOrigin, column0, TTile.Columns, TTile.Threads, thread, k, pass >> 1, write + xBytes);
            }

            Asm.Commit();
            sums = TTile.Step<TMma, TLayout>(sums, read + xAt, read + xBytes + wAt);
            sums = TTile.Step<TMma, TLayout>(sums, read + (xAt ^ 32), read + xBytes + wSecond);
            if (more)
            {
                TX.Put(x, xs, TTile.Rows, thread, pass & 1, write);
                TW.Put(w, ws, TTile.Columns, thread, pass >> 1, write + xBytes);
                next++;
                k++;
                pass = k == shape.Stages ? pass + 1 : pass;
                k = k == shape.Stages ? 0 : k;
            }

            write += stageBytes;
            write = write == end0 ? shared : write;
            read += stageBytes;
            read = read == end0 ? shared : read;
        }

        Finish<TTile, TEnd>(sums, end, shared, thread, row0, column0);
    }

    // The sums go through shared memory, 64 rows at a time, so that rows of y are read and written in whole pieces.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Finish<TTile, TEnd>(TTile sums, TEnd end, uint shared, int thread, int row0, int column0)
        where TTile : unmanaged, ITile<TTile>
        where TEnd : unmanaged, IEnd<TEnd>
    {
        int lane = thread & 31;
        int warp = thread >> 5;
        int warpRow = TTile.WarpRow(warp);
        uint pitch = (uint)((TTile.Columns + Tiles.Skew) * sizeof(float));
        uint at = shared + ((uint)((warpRow & 63) + (lane >> 2)) * pitch) + (uint)((TTile.WarpColumn(warp) + ((lane & 3) * 2)) * sizeof(float));
        int quads = TTile.Columns / 4;
        int column = thread % quads * 4;
        var columns = TEnd.Columns(end, column0 + column);
        for (int half = 0; half < TTile.Rows; half += 64)
        {
            Group.Barrier();
            if ((warpRow & ~63) == half)
            {
                TTile.Write(sums, at, pitch);
            }

            Group.Barrier();
            for (int row = thread / quads; row < 64; row += TTile.Threads / quads)
            {
                var v = Asm.LoadShared(shared + ((uint)row * pitch) + (uint)(column * sizeof(float)));
                TEnd.Finish(end, row0 + half + row, column0 + column, v, columns);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Least(int a, int b) => a < b ? a : b;
}
