using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Rows of 16-bit values that are copied as they are: packed x, packed weights, weights stored as bf16 or f16.</summary>
/// <param name="address">First byte of part 0, 16-byte aligned.</param>
/// <param name="partBytes">Bytes from one part to the next.</param>
/// <param name="rows">Rows; those beyond count as zeros.</param>
/// <param name="columns">Values of a row, a multiple of 8; those beyond count as zeros.</param>
readonly struct StoredRows(ulong address, long partBytes, int rows, int columns) : IOperand<StoredRows>
{
    readonly ulong _address = address;
    readonly long _partBytes = partBytes;
    readonly int _rows = rows;
    readonly int _columns = columns;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Begin(StoredRows self, int firstRow, int rows, int thread) =>
        self._address + (ulong)(((long)(firstRow + (thread >> 2)) * self._columns * 2) + ((thread & 3) * 16));

    // Four threads copy a row; all threads copy threads / 4 rows at a time.
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Staged Fetch(StoredRows self, ulong origin, int firstRow, int rows, int threads, int thread, int k, int part, uint to)
    {
        int row = firstRow + (thread >> 2);
        int step = threads >> 2;
        ulong from = origin + (ulong)((part * self._partBytes) + ((long)k * Tiles.RowBytes));
        ulong stride = (ulong)((long)step * self._columns * 2);
        bool inside = (k * Tiles.Depth) + ((thread & 3) * 8) < self._columns;
        uint place = to + Tiles.Place(thread >> 2, thread & 3);
        Copy(self, from, row, inside, place);
        Copy(self, from + stride, row + step, inside, place + (uint)(step * Tiles.RowBytes));
        if (rows == threads)
        {
            Copy(self, from + (2 * stride), row + (2 * step), inside, place + (uint)(2 * step * Tiles.RowBytes));
            Copy(self, from + (3 * stride), row + (3 * step), inside, place + (uint)(3 * step * Tiles.RowBytes));
        }

        return default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(StoredRows self, Staged staged, int rows, int thread, int part, uint to)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Copy(StoredRows self, ulong from, int row, bool inside, uint to)
    {
        bool real = inside & (row < self._rows);
        Asm.CopyAsync(to, real ? from : self._address, real ? 16u : 0u);
    }
}
