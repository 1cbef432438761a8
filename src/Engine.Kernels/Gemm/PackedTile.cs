using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>The innermost loop of a matrix product of which both sides are packed: a small tile of the result, kept in registers.</summary>
/// <remarks>
/// tile[r, n] = sum_k a[k, r] * panel[k, n], summed in the order of k with fused multiply-adds, then brought to one or more targets;
/// the tile has the rows and columns of <see cref="TileKernel"/>. a: [depth, Rows] f32; panel: [depth, Columns] f32, 64-byte aligned;
/// depth is a multiple of <see cref="DepthStep"/>. Packed rows need one pointer instead of six, and the steps are unrolled.
/// </remarks>
static unsafe class PackedTile
{
    /// <summary>What depth must be a multiple of.</summary>
    public const int DepthStep = 4;

    /// <summary>Computes a whole tile.</summary>
    /// <param name="isa">Instruction set.</param>
    /// <param name="depth">Terms of each sum, a multiple of <see cref="DepthStep"/>.</param>
    /// <param name="a">Packed left matrix.</param>
    /// <param name="panel">Packed right matrix.</param>
    /// <param name="targets">Where the tile goes.</param>
    /// <param name="count">Number of targets.</param>
    public static void Run(Isa isa, int depth, float* a, float* panel, TileTarget* targets, int count)
    {
        switch (isa)
        {
            case Isa.Avx512:
                Tile12x32(depth, a, panel, targets, count);
                break;
            case Isa.Avx2:
                Tile6x16(depth, a, panel, targets, count);
                break;
            default:
                Tile4x8(depth, a, panel, targets, count);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Tile12x32(int depth, float* a, float* panel, TileTarget* targets, int count)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector512<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        Vector512<float> c60 = default, c61 = default, c70 = default, c71 = default, c80 = default, c81 = default;
        Vector512<float> c90 = default, c91 = default, ca0 = default, ca1 = default, cb0 = default, cb1 = default;
        for (; depth > 0; depth -= 2)
        {
            var b0 = Vector512.LoadAligned(panel);
            var b1 = Vector512.LoadAligned(panel + 16);
            var v = Vector512.Create(a[0]);
            c00 = Vector512.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(v, b1, c01);
            v = Vector512.Create(a[1]);
            c10 = Vector512.FusedMultiplyAdd(v, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(v, b1, c11);
            v = Vector512.Create(a[2]);
            c20 = Vector512.FusedMultiplyAdd(v, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(v, b1, c21);
            v = Vector512.Create(a[3]);
            c30 = Vector512.FusedMultiplyAdd(v, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(v, b1, c31);
            v = Vector512.Create(a[4]);
            c40 = Vector512.FusedMultiplyAdd(v, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(v, b1, c41);
            v = Vector512.Create(a[5]);
            c50 = Vector512.FusedMultiplyAdd(v, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(v, b1, c51);
            v = Vector512.Create(a[6]);
            c60 = Vector512.FusedMultiplyAdd(v, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(v, b1, c61);
            v = Vector512.Create(a[7]);
            c70 = Vector512.FusedMultiplyAdd(v, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(v, b1, c71);
            v = Vector512.Create(a[8]);
            c80 = Vector512.FusedMultiplyAdd(v, b0, c80);
            c81 = Vector512.FusedMultiplyAdd(v, b1, c81);
            v = Vector512.Create(a[9]);
            c90 = Vector512.FusedMultiplyAdd(v, b0, c90);
            c91 = Vector512.FusedMultiplyAdd(v, b1, c91);
            v = Vector512.Create(a[10]);
            ca0 = Vector512.FusedMultiplyAdd(v, b0, ca0);
            ca1 = Vector512.FusedMultiplyAdd(v, b1, ca1);
            v = Vector512.Create(a[11]);
            cb0 = Vector512.FusedMultiplyAdd(v, b0, cb0);
            cb1 = Vector512.FusedMultiplyAdd(v, b1, cb1);

            b0 = Vector512.LoadAligned(panel + 32);
            b1 = Vector512.LoadAligned(panel + 48);
            v = Vector512.Create(a[12]);
            c00 = Vector512.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(v, b1, c01);
            v = Vector512.Create(a[13]);
            c10 = Vector512.FusedMultiplyAdd(v, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(v, b1, c11);
            v = Vector512.Create(a[14]);
            c20 = Vector512.FusedMultiplyAdd(v, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(v, b1, c21);
            v = Vector512.Create(a[15]);
            c30 = Vector512.FusedMultiplyAdd(v, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(v, b1, c31);
            v = Vector512.Create(a[16]);
            c40 = Vector512.FusedMultiplyAdd(v, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(v, b1, c41);
            v = Vector512.Create(a[17]);
            c50 = Vector512.FusedMultiplyAdd(v, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(v, b1, c51);
            v = Vector512.Create(a[18]);
            c60 = Vector512.FusedMultiplyAdd(v, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(v, b1, c61);
            v = Vector512.Create(a[19]);
            c70 = Vector512.FusedMultiplyAdd(v, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(v, b1, c71);
            v = Vector512.Create(a[20]);
            c80 = Vector512.FusedMultiplyAdd(v, b0, c80);
            c81 = Vector512.FusedMultiplyAdd(v, b1, c81);
            v = Vector512.Create(a[21]);
            c90 = Vector512.FusedMultiplyAdd(v, b0, c90);
            c91 = Vector512.FusedMultiplyAdd(v, b1, c91);
            v = Vector512.Create(a[22]);
            ca0 = Vector512.FusedMultiplyAdd(v, b0, ca0);
            ca1 = Vector512.FusedMultiplyAdd(v, b1, ca1);
            v = Vector512.Create(a[23]);
            cb0 = Vector512.FusedMultiplyAdd(v, b0, cb0);
            cb1 = Vector512.FusedMultiplyAdd(v, b1, cb1);

            panel += 64;
            a += 24;
        }

        for (; count > 0; count--, targets++)
        {
            var scale = Vector512.Create(targets->Scale);
            float* to = targets->To;
            float* from = targets->From;
            nint stride = targets->Stride;
            nint fromStride = targets->FromStride;
            Vector512.FusedMultiplyAdd(c00, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(c01, scale, Vector512.Load(from + 16)).Store(to + 16);
            to += stride;
            from += fromStride;
            Vector512.FusedMultiplyAdd(c10, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(c11, scale, Vector512.Load(from + 16)).Store(to + 16);
            to += stride;
            from += fromStride;
            Vector512.FusedMultiplyAdd(c20, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(c21, scale, Vector512.Load(from + 16)).Store(to + 16);
            to += stride;
            from += fromStride;
            Vector512.FusedMultiplyAdd(c30, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(c31, scale, Vector512.Load(from + 16)).Store(to + 16);
            to += stride;
            from += fromStride;
            Vector512.FusedMultiplyAdd(c40, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(c41, scale, Vector512.Load(from + 16)).Store(to + 16);
            to += stride;
            from += fromStride;
            Vector512.FusedMultiplyAdd(c50, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(c51, scale, Vector512.Load(from + 16)).Store(to + 16);
            to += stride;
            from += fromStride;
            Vector512.FusedMultiplyAdd(c60, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(c61, scale, Vector512.Load(from + 16)).Store(to + 16);
            to += stride;
            from += fromStride;
            Vector512.FusedMultiplyAdd(c70, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(c71, scale, Vector512.Load(from + 16)).Store(to + 16);
            to += stride;
            from += fromStride;
            Vector512.FusedMultiplyAdd(c80, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(c81, scale, Vector512.Load(from + 16)).Store(to + 16);
            to += stride;
            from += fromStride;
            Vector512.FusedMultiplyAdd(c90, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(c91, scale, Vector512.Load(from + 16)).Store(to + 16);
            to += stride;
            from += fromStride;
            Vector512.FusedMultiplyAdd(ca0, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(ca1, scale, Vector512.Load(from + 16)).Store(to + 16);
            to += stride;
            from += fromStride;
            Vector512.FusedMultiplyAdd(cb0, scale, Vector512.Load(from)).Store(to);
            Vector512.FusedMultiplyAdd(cb1, scale, Vector512.Load(from + 16)).Store(to + 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Tile6x16(int depth, float* a, float* panel, TileTarget* targets, int count)
    {
        Vector256<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector256<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        for (; depth > 0; depth -= 4)
        {
            var b0 = Vector256.LoadAligned(panel);
            var b1 = Vector256.LoadAligned(panel + 8);
            var v = Vector256.Create(a[0]);
            c00 = Vector256.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(v, b1, c01);
            v = Vector256.Create(a[1]);
            c10 = Vector256.FusedMultiplyAdd(v, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(v, b1, c11);
            v = Vector256.Create(a[2]);
            c20 = Vector256.FusedMultiplyAdd(v, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(v, b1, c21);
            v = Vector256.Create(a[3]);
            c30 = Vector256.FusedMultiplyAdd(v, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(v, b1, c31);
            v = Vector256.Create(a[4]);
            c40 = Vector256.FusedMultiplyAdd(v, b0, c40);
            c41 = Vector256.FusedMultiplyAdd(v, b1, c41);
            v = Vector256.Create(a[5]);
            c50 = Vector256.FusedMultiplyAdd(v, b0, c50);
            c51 = Vector256.FusedMultiplyAdd(v, b1, c51);

            b0 = Vector256.LoadAligned(panel + 16);
            b1 = Vector256.LoadAligned(panel + 24);
            v = Vector256.Create(a[6]);
            c00 = Vector256.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(v, b1, c01);
            v = Vector256.Create(a[7]);
            c10 = Vector256.FusedMultiplyAdd(v, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(v, b1, c11);
            v = Vector256.Create(a[8]);
            c20 = Vector256.FusedMultiplyAdd(v, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(v, b1, c21);
            v = Vector256.Create(a[9]);
            c30 = Vector256.FusedMultiplyAdd(v, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(v, b1, c31);
            v = Vector256.Create(a[10]);
            c40 = Vector256.FusedMultiplyAdd(v, b0, c40);
            c41 = Vector256.FusedMultiplyAdd(v, b1, c41);
            v = Vector256.Create(a[11]);
            c50 = Vector256.FusedMultiplyAdd(v, b0, c50);
            c51 = Vector256.FusedMultiplyAdd(v, b1, c51);

            b0 = Vector256.LoadAligned(panel + 32);
            b1 = Vector256.LoadAligned(panel + 40);
            v = Vector256.Create(a[12]);
            c00 = Vector256.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(v, b1, c01);
            v = Vector256.Create(a[13]);
            c10 = Vector256.FusedMultiplyAdd(v, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(v, b1, c11);
            v = Vector256.Create(a[14]);
            c20 = Vector256.FusedMultiplyAdd(v, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(v, b1, c21);
            v = Vector256.Create(a[15]);
            c30 = Vector256.FusedMultiplyAdd(v, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(v, b1, c31);
            v = Vector256.Create(a[16]);
            c40 = Vector256.FusedMultiplyAdd(v, b0, c40);
            c41 = Vector256.FusedMultiplyAdd(v, b1, c41);
            v = Vector256.Create(a[17]);
            c50 = Vector256.FusedMultiplyAdd(v, b0, c50);
            c51 = Vector256.FusedMultiplyAdd(v, b1, c51);

            b0 = Vector256.LoadAligned(panel + 48);
            b1 = Vector256.LoadAligned(panel + 56);
            v = Vector256.Create(a[18]);
            c00 = Vector256.FusedMultiplyAdd(v, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(v, b1, c01);
            v = Vector256.Create(a[19]);
            c10 = Vector256.FusedMultiplyAdd(v, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(v, b1, c11);
            v = Vector256.Create(a[20]);
            c20 = Vector256.FusedMultiplyAdd(v, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(v, b1, c21);
            v = Vector256.Create(a[21]);
            c30 = Vector256.FusedMultiplyAdd(v, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(v, b1, c31);
            v = Vector256.Create(a[22]);
            c40 = Vector256.FusedMultiplyAdd(v, b0, c40);
            c41 = Vector256.FusedMultiplyAdd(v, b1, c41);
            v = Vector256.Create(a[23]);
            c50 = Vector256.FusedMultiplyAdd(v, b0, c50);
            c51 = Vector256.FusedMultiplyAdd(v, b1, c51);

            panel += 64;
            a += 24;
        }

        for (; count > 0; count--, targets++)
        {
            var scale = Vector256.Create(targets->Scale);
            float* to = targets->To;
            float* from = targets->From;
            nint stride = targets->Stride;
            nint fromStride = targets->FromStride;
            Vector256.FusedMultiplyAdd(c00, scale, Vector256.Load(from)).Store(to);
            Vector256.FusedMultiplyAdd(c01, scale, Vector256.Load(from + 8)).Store(to + 8);
            to += stride;
            from += fromStride;
            Vector256.FusedMultiplyAdd(c10, scale, Vector256.Load(from)).Store(to);
            Vector256.FusedMultiplyAdd(c11, scale, Vector256.Load(from + 8)).Store(to + 8);
            to += stride;
            from += fromStride;
            Vector256.FusedMultiplyAdd(c20, scale, Vector256.Load(from)).Store(to);
            Vector256.FusedMultiplyAdd(c21, scale, Vector256.Load(from + 8)).Store(to + 8);
            to += stride;
            from += fromStride;
            Vector256.FusedMultiplyAdd(c30, scale, Vector256.Load(from)).Store(to);
            Vector256.FusedMultiplyAdd(c31, scale, Vector256.Load(from + 8)).Store(to + 8);
            to += stride;
            from += fromStride;
            Vector256.FusedMultiplyAdd(c40, scale, Vector256.Load(from)).Store(to);
            Vector256.FusedMultiplyAdd(c41, scale, Vector256.Load(from + 8)).Store(to + 8);
            to += stride;
            from += fromStride;
            Vector256.FusedMultiplyAdd(c50, scale, Vector256.Load(from)).Store(to);
            Vector256.FusedMultiplyAdd(c51, scale, Vector256.Load(from + 8)).Store(to + 8);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Tile4x8(int depth, float* a, float* panel, TileTarget* targets, int count)
    {
        Vector128<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector128<float> c30 = default, c31 = default;
        for (; depth > 0; depth -= 2)
        {
            var b0 = Vector128.LoadAligned(panel);
            var b1 = Vector128.LoadAligned(panel + 4);
            var v = Vector128.Create(a[0]);
            c00 = Vector128.MultiplyAddEstimate(v, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(v, b1, c01);
            v = Vector128.Create(a[1]);
            c10 = Vector128.MultiplyAddEstimate(v, b0, c10);
            c11 = Vector128.MultiplyAddEstimate(v, b1, c11);
            v = Vector128.Create(a[2]);
            c20 = Vector128.MultiplyAddEstimate(v, b0, c20);
            c21 = Vector128.MultiplyAddEstimate(v, b1, c21);
            v = Vector128.Create(a[3]);
            c30 = Vector128.MultiplyAddEstimate(v, b0, c30);
            c31 = Vector128.MultiplyAddEstimate(v, b1, c31);

            b0 = Vector128.LoadAligned(panel + 8);
            b1 = Vector128.LoadAligned(panel + 12);
            v = Vector128.Create(a[4]);
            c00 = Vector128.MultiplyAddEstimate(v, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(v, b1, c01);
            v = Vector128.Create(a[5]);
            c10 = Vector128.MultiplyAddEstimate(v, b0, c10);
            c11 = Vector128.MultiplyAddEstimate(v, b1, c11);
            v = Vector128.Create(a[6]);
            c20 = Vector128.MultiplyAddEstimate(v, b0, c20);
            c21 = Vector128.MultiplyAddEstimate(v, b1, c21);
            v = Vector128.Create(a[7]);
            c30 = Vector128.MultiplyAddEstimate(v, b0, c30);
            c31 = Vector128.MultiplyAddEstimate(v, b1, c31);

            panel += 16;
            a += 8;
        }

        for (; count > 0; count--, targets++)
        {
            var scale = Vector128.Create(targets->Scale);
            float* to = targets->To;
            float* from = targets->From;
            nint stride = targets->Stride;
            nint fromStride = targets->FromStride;
            Vector128.MultiplyAddEstimate(c00, scale, Vector128.Load(from)).Store(to);
            Vector128.MultiplyAddEstimate(c01, scale, Vector128.Load(from + 4)).Store(to + 4);
            to += stride;
            from += fromStride;
            Vector128.MultiplyAddEstimate(c10, scale, Vector128.Load(from)).Store(to);
            Vector128.MultiplyAddEstimate(c11, scale, Vector128.Load(from + 4)).Store(to + 4);
            to += stride;
            from += fromStride;
            Vector128.MultiplyAddEstimate(c20, scale, Vector128.Load(from)).Store(to);
            Vector128.MultiplyAddEstimate(c21, scale, Vector128.Load(from + 4)).Store(to + 4);
            to += stride;
            from += fromStride;
            Vector128.MultiplyAddEstimate(c30, scale, Vector128.Load(from)).Store(to);
            Vector128.MultiplyAddEstimate(c31, scale, Vector128.Load(from + 4)).Store(to + 4);
        }
    }
}
