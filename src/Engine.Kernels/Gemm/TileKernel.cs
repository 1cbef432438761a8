using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>The innermost loop of every matrix product: a small tile of the result, kept in registers.</summary>
/// <remarks>
/// tile[r, n] = sum_k a[r * stride + k] * panel[k, n], summed in the order of k with fused multiply-adds, then brought to a target.
/// a: rows of f32, any stride; panel: [depth, Columns] f32, 64-byte aligned.
/// The tile has two vectors a row and as many rows as the registers hold beside the two vectors of the panel:
/// 12 x 32 of 32 registers with AVX-512, 6 x 16 of 16 with AVX2, 4 x 8 elsewhere.
/// </remarks>
static unsafe class TileKernel
{
    /// <summary>Floats that the largest tile takes.</summary>
    public const int LargestTile = 12 * 32;

    /// <summary>Columns of the widest panel.</summary>
    public const int WidestPanel = 32;

    /// <summary>Rows of a full tile.</summary>
    public static int Rows(Isa isa) => isa switch
    {
        Isa.Avx512 => 12,
        Isa.Avx2 => 6,
        _ => 4,
    };

    /// <summary>Columns of a tile, and of the panels it reads.</summary>
    public static int Columns(Isa isa) => isa switch
    {
        Isa.Avx512 => 32,
        Isa.Avx2 => 16,
        _ => 8,
    };

    /// <summary>Computes the first <paramref name="rows"/> (1 to <see cref="Rows"/>) rows of a tile. The target needs room for all rows: later ones are left undefined.</summary>
    /// <param name="isa">Instruction set.</param>
    /// <param name="rows">Rows of a that exist.</param>
    /// <param name="depth">Terms of each sum.</param>
    /// <param name="a">First row of the left matrix.</param>
    /// <param name="stride">Floats from one row of a to the next.</param>
    /// <param name="panel">Packed right matrix.</param>
    /// <param name="target">Where the tile goes.</param>
    public static void Run(Isa isa, int rows, int depth, float* a, nint stride, float* panel, in TileTarget target)
    {
        switch (isa)
        {
            case Isa.Avx512 when rows == 12:
                Tile12x32(depth, a, stride, panel, target);
                break;
            case Isa.Avx512:
                for (int r = 0; r < rows; r += 4)
                {
                    Tile4x32(Math.Min(4, rows - r), depth, a + (r * stride), stride, panel, target.Below(r));
                }

                break;
            case Isa.Avx2:
                Tile6x16(rows, depth, a, stride, panel, target);
                break;
            default:
                Tile4x8(rows, depth, a, stride, panel, target);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Tile12x32(int depth, float* a, nint stride, float* panel, in TileTarget target)
    {
        // Four base pointers with three rows each: what one register, one index register and its double can address.
        float* a0 = a;
        float* a3 = a0 + (3 * stride);
        float* a6 = a3 + (3 * stride);
        float* a9 = a6 + (3 * stride);
        nint twice = 2 * stride;
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector512<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        Vector512<float> c60 = default, c61 = default, c70 = default, c71 = default, c80 = default, c81 = default;
        Vector512<float> c90 = default, c91 = default, ca0 = default, ca1 = default, cb0 = default, cb1 = default;
        for (; depth > 0; depth--)
        {
            var b0 = Vector512.LoadAligned(panel);
            var b1 = Vector512.LoadAligned(panel + 16);
            panel += 32;

            var v = Vector512.Create(a0[0]);
            c00 = Vector512.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(v, b1, c01);
            v = Vector512.Create(a0[stride]);
            c10 = Vector512.FusedMultiplyAdd(v, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(v, b1, c11);
            v = Vector512.Create(a0[twice]);
            c20 = Vector512.FusedMultiplyAdd(v, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(v, b1, c21);
            a0++;

            v = Vector512.Create(a3[0]);
            c30 = Vector512.FusedMultiplyAdd(v, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(v, b1, c31);
            v = Vector512.Create(a3[stride]);
            c40 = Vector512.FusedMultiplyAdd(v, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(v, b1, c41);
            v = Vector512.Create(a3[twice]);
            c50 = Vector512.FusedMultiplyAdd(v, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(v, b1, c51);
            a3++;

            v = Vector512.Create(a6[0]);
            c60 = Vector512.FusedMultiplyAdd(v, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(v, b1, c61);
            v = Vector512.Create(a6[stride]);
            c70 = Vector512.FusedMultiplyAdd(v, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(v, b1, c71);
            v = Vector512.Create(a6[twice]);
            c80 = Vector512.FusedMultiplyAdd(v, b0, c80);
            c81 = Vector512.FusedMultiplyAdd(v, b1, c81);
            a6++;

            v = Vector512.Create(a9[0]);
            c90 = Vector512.FusedMultiplyAdd(v, b0, c90);
            c91 = Vector512.FusedMultiplyAdd(v, b1, c91);
            v = Vector512.Create(a9[stride]);
            ca0 = Vector512.FusedMultiplyAdd(v, b0, ca0);
            ca1 = Vector512.FusedMultiplyAdd(v, b1, ca1);
            v = Vector512.Create(a9[twice]);
            cb0 = Vector512.FusedMultiplyAdd(v, b0, cb0);
            cb1 = Vector512.FusedMultiplyAdd(v, b1, cb1);
            a9++;
        }

        var scale = Vector512.Create(target.Scale);
        float* to = target.To;
        float* from = target.From;
        nint toStride = target.Stride;
        nint fromStride = target.FromStride;
        Vector512.FusedMultiplyAdd(c00, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c01, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c10, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c11, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c20, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c21, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c30, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c31, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c40, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c41, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c50, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c51, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c60, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c61, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c70, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c71, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c80, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c81, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c90, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c91, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(ca0, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(ca1, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(cb0, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(cb1, scale, Vector512.Load(from + 16)).Store(to + 16);
    }

    // Rows beyond the last one repeat it, so that nothing outside the matrix is read.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Tile4x32(int rows, int depth, float* a, nint stride, float* panel, in TileTarget target)
    {
        float* a1 = rows > 1 ? a + stride : a;
        float* a2 = rows > 2 ? a1 + stride : a1;
        float* a3 = rows > 3 ? a2 + stride : a2;
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default;
        Vector512<float> c20 = default, c21 = default, c30 = default, c31 = default;
        for (nint k = 0; k < depth; k++)
        {
            var b0 = Vector512.LoadAligned(panel);
            var b1 = Vector512.LoadAligned(panel + 16);
            panel += 32;
            var v = Vector512.Create(a[k]);
            c00 = Vector512.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(v, b1, c01);
            v = Vector512.Create(a1[k]);
            c10 = Vector512.FusedMultiplyAdd(v, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(v, b1, c11);
            v = Vector512.Create(a2[k]);
            c20 = Vector512.FusedMultiplyAdd(v, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(v, b1, c21);
            v = Vector512.Create(a3[k]);
            c30 = Vector512.FusedMultiplyAdd(v, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(v, b1, c31);
        }

        var scale = Vector512.Create(target.Scale);
        float* to = target.To;
        float* from = target.From;
        nint toStride = target.Stride;
        nint fromStride = target.FromStride;
        Vector512.FusedMultiplyAdd(c00, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c01, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c10, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c11, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c20, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c21, scale, Vector512.Load(from + 16)).Store(to + 16);
        to += toStride;
        from += fromStride;
        Vector512.FusedMultiplyAdd(c30, scale, Vector512.Load(from)).Store(to);
        Vector512.FusedMultiplyAdd(c31, scale, Vector512.Load(from + 16)).Store(to + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Tile6x16(int rows, int depth, float* a, nint stride, float* panel, in TileTarget target)
    {
        float* a1 = rows > 1 ? a + stride : a;
        float* a2 = rows > 2 ? a1 + stride : a1;
        float* a3 = rows > 3 ? a2 + stride : a2;
        float* a4 = rows > 4 ? a3 + stride : a3;
        float* a5 = rows > 5 ? a4 + stride : a4;
        Vector256<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector256<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        for (nint k = 0; k < depth; k++)
        {
            var b0 = Vector256.LoadAligned(panel);
            var b1 = Vector256.LoadAligned(panel + 8);
            panel += 16;
            var v = Vector256.Create(a[k]);
            c00 = Vector256.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(v, b1, c01);
            v = Vector256.Create(a1[k]);
            c10 = Vector256.FusedMultiplyAdd(v, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(v, b1, c11);
            v = Vector256.Create(a2[k]);
            c20 = Vector256.FusedMultiplyAdd(v, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(v, b1, c21);
            v = Vector256.Create(a3[k]);
            c30 = Vector256.FusedMultiplyAdd(v, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(v, b1, c31);
            v = Vector256.Create(a4[k]);
            c40 = Vector256.FusedMultiplyAdd(v, b0, c40);
            c41 = Vector256.FusedMultiplyAdd(v, b1, c41);
            v = Vector256.Create(a5[k]);
            c50 = Vector256.FusedMultiplyAdd(v, b0, c50);
            c51 = Vector256.FusedMultiplyAdd(v, b1, c51);
        }

        var scale = Vector256.Create(target.Scale);
        float* to = target.To;
        float* from = target.From;
        nint toStride = target.Stride;
        nint fromStride = target.FromStride;
        Vector256.FusedMultiplyAdd(c00, scale, Vector256.Load(from)).Store(to);
        Vector256.FusedMultiplyAdd(c01, scale, Vector256.Load(from + 8)).Store(to + 8);
        to += toStride;
        from += fromStride;
        Vector256.FusedMultiplyAdd(c10, scale, Vector256.Load(from)).Store(to);
        Vector256.FusedMultiplyAdd(c11, scale, Vector256.Load(from + 8)).Store(to + 8);
        to += toStride;
        from += fromStride;
        Vector256.FusedMultiplyAdd(c20, scale, Vector256.Load(from)).Store(to);
        Vector256.FusedMultiplyAdd(c21, scale, Vector256.Load(from + 8)).Store(to + 8);
        to += toStride;
        from += fromStride;
        Vector256.FusedMultiplyAdd(c30, scale, Vector256.Load(from)).Store(to);
        Vector256.FusedMultiplyAdd(c31, scale, Vector256.Load(from + 8)).Store(to + 8);
        to += toStride;
        from += fromStride;
        Vector256.FusedMultiplyAdd(c40, scale, Vector256.Load(from)).Store(to);
        Vector256.FusedMultiplyAdd(c41, scale, Vector256.Load(from + 8)).Store(to + 8);
        to += toStride;
        from += fromStride;
        Vector256.FusedMultiplyAdd(c50, scale, Vector256.Load(from)).Store(to);
        Vector256.FusedMultiplyAdd(c51, scale, Vector256.Load(from + 8)).Store(to + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Tile4x8(int rows, int depth, float* a, nint stride, float* panel, in TileTarget target)
    {
        float* a1 = rows > 1 ? a + stride : a;
        float* a2 = rows > 2 ? a1 + stride : a1;
        float* a3 = rows > 3 ? a2 + stride : a2;
        Vector128<float> c00 = default, c01 = default, c10 = default, c11 = default;
        Vector128<float> c20 = default, c21 = default, c30 = default, c31 = default;
        for (nint k = 0; k < depth; k++)
        {
            var b0 = Vector128.LoadAligned(panel);
            var b1 = Vector128.LoadAligned(panel + 4);
            panel += 8;
            var v = Vector128.Create(a[k]);
            c00 = Vector128.MultiplyAddEstimate(v, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(v, b1, c01);
            v = Vector128.Create(a1[k]);
            c10 = Vector128.MultiplyAddEstimate(v, b0, c10);
            c11 = Vector128.MultiplyAddEstimate(v, b1, c11);
            v = Vector128.Create(a2[k]);
            c20 = Vector128.MultiplyAddEstimate(v, b0, c20);
            c21 = Vector128.MultiplyAddEstimate(v, b1, c21);
            v = Vector128.Create(a3[k]);
            c30 = Vector128.MultiplyAddEstimate(v, b0, c30);
            c31 = Vector128.MultiplyAddEstimate(v, b1, c31);
        }

        var scale = Vector128.Create(target.Scale);
        float* to = target.To;
        float* from = target.From;
        nint toStride = target.Stride;
        nint fromStride = target.FromStride;
        Vector128.MultiplyAddEstimate(c00, scale, Vector128.Load(from)).Store(to);
        Vector128.MultiplyAddEstimate(c01, scale, Vector128.Load(from + 4)).Store(to + 4);
        to += toStride;
        from += fromStride;
        Vector128.MultiplyAddEstimate(c10, scale, Vector128.Load(from)).Store(to);
        Vector128.MultiplyAddEstimate(c11, scale, Vector128.Load(from + 4)).Store(to + 4);
        to += toStride;
        from += fromStride;
        Vector128.MultiplyAddEstimate(c20, scale, Vector128.Load(from)).Store(to);
        Vector128.MultiplyAddEstimate(c21, scale, Vector128.Load(from + 4)).Store(to + 4);
        to += toStride;
        from += fromStride;
        Vector128.MultiplyAddEstimate(c30, scale, Vector128.Load(from)).Store(to);
        Vector128.MultiplyAddEstimate(c31, scale, Vector128.Load(from + 4)).Store(to + 4);
    }
}
