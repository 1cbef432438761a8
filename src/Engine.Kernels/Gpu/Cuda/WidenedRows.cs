using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Weights stored as f32, rounded to bf16 on the way into shared memory; part 1 is what rounding left, so that both hold 16 bits.</summary>
/// <param name="address">First byte, 16-byte aligned.</param>
/// <param name="rows">Rows; those beyond count as zeros.</param>
/// <param name="columns">Values of a row, a multiple of 4.</param>
readonly struct F32Rows(ulong address, int rows, int columns) : IOperand<F32Rows>
{
    readonly ulong _address = address;
    readonly int _rows = rows;
    readonly int _columns = columns;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Begin(F32Rows self, int firstRow, int rows, int thread) =>
        self._address + (ulong)(((long)(firstRow + (thread >> 1)) * self._columns * 4) + ((thread & 1) * 64));

    // Two threads load a row, 16 values each.
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Staged Fetch(F32Rows self, ulong origin, int firstRow, int rows, int threads, int thread, int k, int part, uint to)
    {
        ulong from = origin + (ulong)((long)k * Tiles.Depth * 4);
        int left = firstRow + (thread >> 1) < self._rows ? self._columns - (k * Tiles.Depth) - ((thread & 1) * 16) : 0;
        Staged s;
        s.A = Asm.Load16(from, left > 0 ? 1 : 0);
        s.B = Asm.Load16(from + 16, left > 4 ? 1 : 0);
        s.C = Asm.Load16(from + 32, left > 8 ? 1 : 0);
        s.D = Asm.Load16(from + 48, left > 12 ? 1 : 0);
        return s;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(F32Rows self, Staged staged, int rows, int thread, int part, uint to) => Bf16Parts.Put(staged, thread, part, to);
}

/// <summary>Sixteen f32 values of a row become bf16 in a stage.</summary>
static class Bf16Parts
{
    /// <summary>Writes the values' part: 0 rounded to bf16, 1 what that left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(Staged s, int thread, int part, uint to)
    {
        int row = thread >> 1;
        int chunk = (thread & 1) * 2;
        Asm.StoreShared16(to + Tiles.Place(row, chunk), Eight(s.A, s.B, part));
        Asm.StoreShared16(to + Tiles.Place(row, chunk + 1), Eight(s.C, s.D, part));
    }

    /// <summary>Part of eight f32 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static U32x4 Eight(U32x4 a, U32x4 b, int part)
    {
        U32x4 r;
        r.X = Two(Asm.AsFloat(a.X), Asm.AsFloat(a.Y), part);
        r.Y = Two(Asm.AsFloat(a.Z), Asm.AsFloat(a.W), part);
        r.Z = Two(Asm.AsFloat(b.X), Asm.AsFloat(b.Y), part);
        r.W = Two(Asm.AsFloat(b.Z), Asm.AsFloat(b.W), part);
        return r;
    }

    /// <summary>Part of two f32 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Two(float x, float y, int part)
    {
        uint rounded = Asm.PackBf16(x, y);
        return part == 0 ? rounded : Asm.PackBf16(x - Asm.AsFloat(rounded << 16), y - Asm.AsFloat(rounded & 0xFFFF0000));
    }
}

/// <summary>Weights stored as fp8 e5m2, widened to f16 exactly.</summary>
/// <param name="address">First byte, 16-byte aligned.</param>
/// <param name="rows">Rows; those beyond count as zeros.</param>
/// <param name="columns">Values of a row, a multiple of 16.</param>
readonly struct E5M2Rows(ulong address, int rows, int columns) : IOperand<E5M2Rows>
{
    readonly ulong _address = address;
    readonly int _rows = rows;
    readonly int _columns = columns;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Begin(E5M2Rows self, int firstRow, int rows, int thread) => Bytes.Begin(self._address, self._columns, firstRow, thread);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Staged Fetch(E5M2Rows self, ulong origin, int firstRow, int rows, int threads, int thread, int k, int part, uint to) =>
        Bytes.Fetch(origin, self._rows, self._columns, firstRow, thread, k);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(E5M2Rows self, Staged staged, int rows, int thread, int part, uint to)
    {
        U32x4 low;
        low.X = Bytes.UpperLow(staged.A.X);
        low.Y = Bytes.UpperHigh(staged.A.X);
        low.Z = Bytes.UpperLow(staged.A.Y);
        low.W = Bytes.UpperHigh(staged.A.Y);
        U32x4 high;
        high.X = Bytes.UpperLow(staged.A.Z);
        high.Y = Bytes.UpperHigh(staged.A.Z);
        high.Z = Bytes.UpperLow(staged.A.W);
        high.W = Bytes.UpperHigh(staged.A.W);
        Bytes.Put(low, high, thread, to);
    }
}

/// <summary>Weights stored as fp8 e4m3, widened to f16 exactly but for a factor of 1/256, which the caller's scale makes good.</summary>
/// <remarks>The two NaN bytes come out as 480 and -480.</remarks>
/// <param name="address">First byte, 16-byte aligned.</param>
/// <param name="rows">Rows; those beyond count as zeros.</param>
/// <param name="columns">Values of a row, a multiple of 16.</param>
readonly struct E4M3Rows(ulong address, int rows, int columns) : IOperand<E4M3Rows>
{
    /// <summary>What products have to be multiplied by: e4m3's exponents are biased by 7, f16's by 15.</summary>
    public const float Factor = 256;

    readonly ulong _address = address;
    readonly int _rows = rows;
    readonly int _columns = columns;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Begin(E4M3Rows self, int firstRow, int rows, int thread) => Bytes.Begin(self._address, self._columns, firstRow, thread);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Staged Fetch(E4M3Rows self, ulong origin, int firstRow, int rows, int threads, int thread, int k, int part, uint to) =>
        Bytes.Fetch(origin, self._rows, self._columns, firstRow, thread, k);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(E4M3Rows self, Staged staged, int rows, int thread, int part, uint to)
    {
        U32x4 low;
        low.X = Widen(Bytes.UpperLow(staged.A.X));
        low.Y = Widen(Bytes.UpperHigh(staged.A.X));
        low.Z = Widen(Bytes.UpperLow(staged.A.Y));
        low.W = Widen(Bytes.UpperHigh(staged.A.Y));
        U32x4 high;
        high.X = Widen(Bytes.UpperLow(staged.A.Z));
        high.Y = Widen(Bytes.UpperHigh(staged.A.Z));
        high.Z = Widen(Bytes.UpperLow(staged.A.W));
        high.W = Widen(Bytes.UpperHigh(staged.A.W));
        Bytes.Put(low, high, thread, to);
    }

    // The sign stays; exponent and mantissa move down by the one bit that f16's exponent is wider.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Widen(uint upper) => (upper & 0x80008000) | ((upper & 0x7F007F00) >> 1);
}

/// <summary>Rows of one byte per value.</summary>
static class Bytes
{
    /// <summary>Address of a thread's 16 values in the first stage; two threads load a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Begin(ulong address, int columns, int firstRow, int thread) =>
        address + (ulong)(((long)(firstRow + (thread >> 1)) * columns) + ((thread & 1) * 16));

    /// <summary>Loads 16 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Staged Fetch(ulong origin, int rows, int columns, int firstRow, int thread, int k)
    {
        bool inside = (firstRow + (thread >> 1) < rows) & ((k * Tiles.Depth) + ((thread & 1) * 16) < columns);
        Staged s = default;
        s.A = Asm.Load16(origin + (ulong)(k * Tiles.Depth), inside ? 1 : 0);
        return s;
    }

    /// <summary>Writes 16 widened values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(U32x4 low, U32x4 high, int thread, uint to)
    {
        int row = thread >> 1;
        int chunk = (thread & 1) * 2;
        Asm.StoreShared16(to + Tiles.Place(row, chunk), low);
        Asm.StoreShared16(to + Tiles.Place(row, chunk + 1), high);
    }

    /// <summary>Bytes 0 and 1 as the upper bytes of two halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint UpperLow(uint word) => Asm.Permute(word, 0, 0x1404);

    /// <summary>Bytes 2 and 3 as the upper bytes of two halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint UpperHigh(uint word) => Asm.Permute(word, 0, 0x3424);
}
