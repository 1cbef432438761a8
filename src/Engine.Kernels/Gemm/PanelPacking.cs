using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>Brings rows of a matrix into the order that <see cref="TileKernel"/> reads: transposed, a panel of columns at a time.</summary>
static unsafe class PanelPacking
{
    /// <summary>panel[k, n] = source[n * stride + k] for n &lt; rows; columns from <paramref name="rows"/> on become 0.</summary>
    /// <param name="source">First of the rows.</param>
    /// <param name="stride">Floats from one row to the next.</param>
    /// <param name="rows">Rows that exist, at most <paramref name="columns"/>.</param>
    /// <param name="depth">Values of each row.</param>
    /// <param name="panel">Result [depth, columns].</param>
    /// <param name="columns">Columns of the panel, a multiple of 4.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* source, nint stride, int rows, int depth, float* panel, nint columns)
    {
        int n = 0;
        for (; n <= rows - 4; n += 4)
        {
            float* s0 = source + (n * stride);
            float* s1 = s0 + stride;
            float* s2 = s1 + stride;
            float* s3 = s2 + stride;
            float* to = panel + n;
            nint k = 0;
            for (; k <= depth - 4; k += 4, to += 4 * columns)
            {
                var r0 = Vector128.Load(s0 + k);
                var r1 = Vector128.Load(s1 + k);
                var r2 = Vector128.Load(s2 + k);
                var r3 = Vector128.Load(s3 + k);

                // [a0 b0 a1 b1] and [a2 b2 a3 b3] of each pair of rows, then pairs of pairs.
                var low01 = UnpackLow(r0, r1);
                var high01 = UnpackHigh(r0, r1);
                var low23 = UnpackLow(r2, r3);
                var high23 = UnpackHigh(r2, r3);
                Vector128.Create(low01.GetLower(), low23.GetLower()).Store(to);
                Vector128.Create(low01.GetUpper(), low23.GetUpper()).Store(to + columns);
                Vector128.Create(high01.GetLower(), high23.GetLower()).Store(to + (2 * columns));
                Vector128.Create(high01.GetUpper(), high23.GetUpper()).Store(to + (3 * columns));
            }

            for (; k < depth; k++, to += columns)
            {
                to[0] = s0[k];
                to[1] = s1[k];
                to[2] = s2[k];
                to[3] = s3[k];
            }
        }

        for (; n < rows; n++)
        {
            float* from = source + (n * stride);
            for (nint k = 0; k < depth; k++)
            {
                panel[(k * columns) + n] = from[k];
            }
        }

        for (; n < columns; n++)
        {
            for (nint k = 0; k < depth; k++)
            {
                panel[(k * columns) + n] = 0;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> UnpackLow(Vector128<float> a, Vector128<float> b) =>
        System.Runtime.Intrinsics.X86.Sse.IsSupported ? System.Runtime.Intrinsics.X86.Sse.UnpackLow(a, b)
        : System.Runtime.Intrinsics.Arm.AdvSimd.Arm64.IsSupported ? System.Runtime.Intrinsics.Arm.AdvSimd.Arm64.ZipLow(a, b)
        : Vector128.Create(a[0], b[0], a[1], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> UnpackHigh(Vector128<float> a, Vector128<float> b) =>
        System.Runtime.Intrinsics.X86.Sse.IsSupported ? System.Runtime.Intrinsics.X86.Sse.UnpackHigh(a, b)
        : System.Runtime.Intrinsics.Arm.AdvSimd.Arm64.IsSupported ? System.Runtime.Intrinsics.Arm.AdvSimd.Arm64.ZipHigh(a, b)
        : Vector128.Create(a[2], b[2], a[3], b[3]);
}
