using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Weights stored as q8_0: blocks of an f16 scale and 32 signed bytes. Part 0 is the product rounded to f16, part 1 what that left.</summary>
/// <remarks>A stage is one block deep. Blocks are 34 bytes, so that a thread's 16 bytes begin anywhere at an even address.</remarks>
/// <param name="address">First byte, 4-byte aligned; up to two bytes after the last may be read.</param>
/// <param name="rows">Rows; those beyond count as zeros.</param>
/// <param name="columns">Values of a row, a multiple of 32.</param>
readonly struct Q8Rows(ulong address, int rows, int columns) : IOperand<Q8Rows>
{
    const int BlockBytes = 34;

    readonly ulong _address = address;
    readonly int _rows = rows;
    readonly int _columns = columns;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Begin(Q8Rows self, int firstRow, int rows, int thread) =>
        self._address + (ulong)((long)(firstRow + (thread >> 1)) * (self._columns / 32) * BlockBytes);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Staged Fetch(Q8Rows self, ulong origin, int firstRow, int rows, int threads, int thread, int k, int part, uint to)
    {
        int inside = firstRow + (thread >> 1) < self._rows ? 1 : 0;
        ulong block = origin + (ulong)((long)k * BlockBytes);
        ulong values = block + 2 + (ulong)((thread & 1) * 16);
        ulong word = values & ~3UL;
        uint w0 = Asm.Load4(word, inside);
        uint w1 = Asm.Load4(word + 4, inside);
        uint w2 = Asm.Load4(word + 8, inside);
        uint w3 = Asm.Load4(word + 12, inside);

        // The last word only where it holds any of the values.
        uint odd = (uint)values & 2;
        uint w4 = Asm.Load4(word + 16, odd != 0 ? inside : 0);
        uint digits = odd != 0 ? 0x5432u : 0x3210u;
        Staged s = default;
        s.A.X = Asm.Permute(w0, w1, digits);
        s.A.Y = Asm.Permute(w1, w2, digits);
        s.A.Z = Asm.Permute(w2, w3, digits);
        s.A.W = Asm.Permute(w3, w4, digits);
        s.B.X = Asm.Load2(block, inside);
        return s;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(Q8Rows self, Staged staged, int rows, int thread, int part, uint to)
    {
        uint scale = staged.B.X | (staged.B.X << 16);
        U32x4 low;
        low.X = Two(staged.A.X, 0x4140, scale, part);
        low.Y = Two(staged.A.X, 0x4342, scale, part);
        low.Z = Two(staged.A.Y, 0x4140, scale, part);
        low.W = Two(staged.A.Y, 0x4342, scale, part);
        U32x4 high;
        high.X = Two(staged.A.Z, 0x4140, scale, part);
        high.Y = Two(staged.A.Z, 0x4342, scale, part);
        high.Z = Two(staged.A.W, 0x4140, scale, part);
        high.W = Two(staged.A.W, 0x4342, scale, part);
        Bytes.Put(low, high, thread, to);
    }

    // A byte b + 128 under the upper byte 0x64 is the f16 1024 + b + 128; 1152 less is b, exactly.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Two(uint bytes, uint digits, uint scale, int part)
    {
        const uint One = 0x3C003C00;
        const uint Minus1152 = 0xE480E480;
        const uint Signs = 0x80008000;
        uint q = Asm.MultiplyAddF16(Asm.Permute(bytes ^ 0x80808080, 0x64646464, digits), One, Minus1152);
        uint rounded = Asm.MultiplyAddF16(q, scale, Signs);
        return part == 0 ? rounded : Asm.MultiplyAddF16(q, scale, rounded ^ Signs);
    }
}
