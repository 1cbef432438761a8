using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>How the columns' operand of a product lies in a stage, and how lanes read it.</summary>
interface ILayout
{
    /// <summary>Place that a lane reads for the first 16 values of k.</summary>
    /// <param name="column">First column of the warp, a multiple of 32.</param>
    /// <param name="lane">The lane.</param>
    /// <param name="columns">Columns of the tile.</param>
    static abstract uint First(int column, int lane, int columns);

    /// <summary>The place for the second 16 values of k.</summary>
    static abstract uint Second(uint first, int columns);

    /// <summary>16 columns of 16 values of k as the second operand of a product.</summary>
    /// <param name="at">Address of the place for this lane.</param>
    /// <param name="block">Columns 16 times so many further on.</param>
    static abstract U32x4 Load(uint at, int block);
}

/// <summary>A row for each column, 32 values of k along it: as weights [N, K] are stored.</summary>
readonly struct RowLayout : ILayout
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint First(int column, int lane, int columns) => Tiles.Place(column + TensorCore.ColumnRow(lane), TensorCore.ColumnChunk(lane));

    // Two chunks on is bit 5 of the place.
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Second(uint first, int columns) => first ^ 32;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static U32x4 Load(uint at, int block) => TensorCore.LoadMatrix(at + ((uint)block * Tiles.Block));
}

/// <summary>A row for each of 32 values of k, the columns along it; read transposed. Up to two blocks of 16 columns per warp.</summary>
readonly struct PanelLayout : ILayout
{
    /// <summary>Place of 8 columns of one value of k: chunk c lies at c ^ (k % 8), so that eight rows lie in different banks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Place(int k, int chunk, int columns) => (uint)((k * columns * 2) + ((chunk ^ (k & 7)) << 4));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint First(int column, int lane, int columns) => Place(lane & 15, (column >> 3) + (lane >> 4), columns);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Second(uint first, int columns) => first + (uint)(16 * columns * 2);

    // The address is a multiple of 64 but for the place's own bits, so that two chunks on is bit 5 of it.
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static U32x4 Load(uint at, int block) => TensorCore.LoadTransposed(at ^ ((uint)block << 5));
}
