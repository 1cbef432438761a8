using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;

namespace Engine.Kernels.Gpu;

/// <summary>Rounds rows of f32 to 16-bit parts for the tensor cores: part 0 the rounded values, part 1 (if wanted) what rounding left.</summary>
/// <remarks>
/// Why a pass of its own: a product reads each row of x once per tile of columns (54 times for 13,824 outputs), attention reads keys
/// once per tile of queries; from 16-bit parts that takes half the traffic, asynchronous copies need no registers, and the products
/// need no room for f32 rows in shared memory. The pass reads 4 and writes 2 bytes per value and part.
/// One warp per row. Grid: (rows / 8 rounded up, 1, 1).
/// </remarks>
static class PackRows
{
    public const int Threads = 256;
    const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>To bf16, times a factor.</summary>
    public static readonly CudaKernel Bf16 = Named("Pack rows bf16", nameof(ToBf16));

    /// <summary>To f16, each row times a power of two that brings its largest value near 2^14; its inverse goes to the scales.</summary>
    public static readonly CudaKernel F16 = Named("Pack rows f16", nameof(ToF16));

    static CudaKernel Named(string name, string method) =>
        new(name, typeof(PackRows).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!, Threads, 0);

    /// <summary>Starts packing to bf16; parameters as those of <see cref="ToBf16"/>.</summary>
    public static void LaunchBf16(ICudaQueue queue, ulong x, ulong packed, int rows, int columns, int padded, int parts, float factor) =>
        queue.Launch(Bf16, Groups(rows), 1, x, packed, rows, columns, padded, parts, factor);

    /// <summary>Starts packing to f16; parameters as those of <see cref="ToF16"/>.</summary>
    public static void LaunchF16(ICudaQueue queue, ulong x, ulong packed, ulong scales, int rows, int columns, int padded, int parts) =>
        queue.Launch(F16, Groups(rows), 1, x, packed, scales, rows, columns, padded, parts);

    static int Groups(int rows) => (rows + (Threads / 32) - 1) / (Threads / 32);

    /// <summary>Packs to bf16.</summary>
    /// <param name="x">[rows, columns] f32.</param>
    /// <param name="packed">[parts, rows, padded] bf16; columns beyond those of x become zeros.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns of x.</param>
    /// <param name="padded">Columns of the result, a multiple of 8.</param>
    /// <param name="parts">1 or 2.</param>
    /// <param name="factor">On every value before rounding.</param>
    internal static void ToBf16(ulong x, ulong packed, int rows, int columns, int padded, int parts, float factor)
    {
        int lane = Group.IdxX & 31;
        int row = (Grid.IdxX * (Threads / 32)) + (Group.IdxX >> 5);
        for (int column = lane * 8; column < padded; column += 256)
        {
            var low = RowAccess.Load(x, row, column, columns, row < rows);
            var high = RowAccess.Load(x, row, column + 4, columns, row < rows);
            var a = Scaled(low, factor);
            var b = Scaled(high, factor);
            for (int part = 0; part < parts; part++)
            {
                Asm.Store16(At(packed, part, rows, row, column, padded), Bf16Parts.Eight(a, b, part), row < rows ? 1 : 0);
            }
        }
    }

    /// <summary>Packs to f16.</summary>
    /// <param name="x">[rows, columns] f32.</param>
    /// <param name="packed">[parts, rows, padded] f16; columns beyond those of x become zeros.</param>
    /// <param name="scales">[rows] f32: what products of a row must be multiplied by.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns of x.</param>
    /// <param name="padded">Columns of the result, a multiple of 8.</param>
    /// <param name="parts">1 or 2.</param>
    internal static void ToF16(ulong x, ulong packed, ulong scales, int rows, int columns, int padded, int parts)
    {
        int lane = Group.IdxX & 31;
        int row = (Grid.IdxX * (Threads / 32)) + (Group.IdxX >> 5);
        float largest = 0;
        for (int column = lane * 4; column < columns; column += 128)
        {
            var v = RowAccess.Load(x, row, column, columns, row < rows);
            largest = Asm.Max(Asm.Max(Magnitude(v.X), Magnitude(v.Y)), Asm.Max(largest, Asm.Max(Magnitude(v.Z), Magnitude(v.W))));
        }

        largest = Asm.Max(largest, Asm.ShuffleXor(largest, 16));
        largest = Asm.Max(largest, Asm.ShuffleXor(largest, 8));
        largest = Asm.Max(largest, Asm.ShuffleXor(largest, 4));
        largest = Asm.Max(largest, Asm.ShuffleXor(largest, 2));
        largest = Asm.Max(largest, Asm.ShuffleXor(largest, 1));

        // 2^e as bits: e + 127 in the exponent. The largest value of 2^(n) up to 2^(n+1) is brought to 2^14 up to 2^15.
        int exponent = (int)(Asm.AsBits(largest) >> 23) - 127 - 14;
        exponent = exponent < -126 ? -126 : exponent > 113 ? 113 : exponent;
        float factor = Asm.AsFloat((uint)(127 - exponent) << 23);
        if (lane == 0)
        {
            Asm.StoreFloat(scales + ((ulong)(uint)row * 4), Asm.AsFloat((uint)(127 + exponent) << 23), row < rows ? 1 : 0);
        }

        for (int column = lane * 8; column < padded; column += 256)
        {
            var a = RowAccess.Load(x, row, column, columns, row < rows);
            var b = RowAccess.Load(x, row, column + 4, columns, row < rows);
            for (int part = 0; part < parts; part++)
            {
                U32x4 r;
                r.X = Two(a.X * factor, a.Y * factor, part);
                r.Y = Two(a.Z * factor, a.W * factor, part);
                r.Z = Two(b.X * factor, b.Y * factor, part);
                r.W = Two(b.Z * factor, b.W * factor, part);
                Asm.Store16(At(packed, part, rows, row, column, padded), r, row < rows ? 1 : 0);
            }
        }
    }

    [MethodImpl(Inline)]
    static ulong At(ulong packed, int part, int rows, int row, int column, int padded) =>
        packed + ((((((ulong)(uint)part * (uint)rows) + (uint)row) * (uint)padded) + (uint)column) * 2);

    [MethodImpl(Inline)]
    static float Magnitude(float v) => Asm.AsFloat(Asm.AsBits(v) & 0x7FFFFFFF);

    [MethodImpl(Inline)]
    static U32x4 Scaled(F32x4 v, float factor)
    {
        U32x4 r;
        r.X = Asm.AsBits(v.X * factor);
        r.Y = Asm.AsBits(v.Y * factor);
        r.Z = Asm.AsBits(v.Z * factor);
        r.W = Asm.AsBits(v.W * factor);
        return r;
    }

    [MethodImpl(Inline)]
    static uint Two(float x, float y, int part)
    {
        uint rounded = Asm.PackF16(x, y);
        return part == 0 ? rounded : Asm.PackF16(x - Asm.LowF16(rounded), y - Asm.HighF16(rounded));
    }
}
