using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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
    /// <param name="columns">Columns of the panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* source, nint stride, int rows, int depth, float* panel, nint columns)
    {
        int n = 0;
        if (Avx.IsSupported)
        {
            for (; n <= rows - 8; n += 8)
            {
                EightRows(source + (n * stride), stride, depth, panel + n, columns);
            }
        }

        for (; n <= rows - 4; n += 4)
        {
            FourRows(source + (n * stride), stride, depth, panel + n, columns);
        }

        if (Avx.IsSupported && n <= rows - 2)
        {
            TwoRows(source + (n * stride), stride, depth, panel + n, columns);
            n += 2;
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

    /// <summary>panel[r, c] = source[r * stride + c] for c &lt; count; columns from <paramref name="count"/> on become 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* source, nint stride, int rows, int count, float* panel, int columns)
    {
        for (; rows > 0; rows--, source += stride, panel += columns)
        {
            int c = 0;
            for (; c <= count - 8; c += 8)
            {
                Vector256.Load(source + c).Store(panel + c);
            }

            for (; c < count; c++)
            {
                panel[c] = source[c];
            }

            for (; c < columns; c++)
            {
                panel[c] = 0;
            }
        }
    }

    // Row r and row r + 4 share a vector from the start, so that no lane has to be crossed.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void EightRows(float* s0, nint stride, int depth, float* to, nint columns)
    {
        float* s4 = s0 + (4 * stride);
        nint twice = 2 * stride;
        nint thrice = 3 * stride;
        nint k = 0;
        for (; k <= depth - 4; k += 4, s0 += 4, s4 += 4, to += 4 * columns)
        {
            var r0 = Vector256.Create(Vector128.Load(s0), Vector128.Load(s4));
            var r1 = Vector256.Create(Vector128.Load(s0 + stride), Vector128.Load(s4 + stride));
            var r2 = Vector256.Create(Vector128.Load(s0 + twice), Vector128.Load(s4 + twice));
            var r3 = Vector256.Create(Vector128.Load(s0 + thrice), Vector128.Load(s4 + thrice));
            var low01 = Avx.UnpackLow(r0, r1).AsDouble();
            var high01 = Avx.UnpackHigh(r0, r1).AsDouble();
            var low23 = Avx.UnpackLow(r2, r3).AsDouble();
            var high23 = Avx.UnpackHigh(r2, r3).AsDouble();
            Avx.UnpackLow(low01, low23).AsSingle().Store(to);
            Avx.UnpackHigh(low01, low23).AsSingle().Store(to + columns);
            Avx.UnpackLow(high01, high23).AsSingle().Store(to + (2 * columns));
            Avx.UnpackHigh(high01, high23).AsSingle().Store(to + (3 * columns));
        }

        for (; k < depth; k++, s0++, s4++, to += columns)
        {
            to[0] = s0[0];
            to[1] = s0[stride];
            to[2] = s0[twice];
            to[3] = s0[thrice];
            to[4] = s4[0];
            to[5] = s4[stride];
            to[6] = s4[twice];
            to[7] = s4[thrice];
        }
    }

    // Eight values of each row at a time where lanes can be kept apart, one at a time elsewhere and at the end.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FourRows(float* s0, nint stride, int depth, float* to, nint columns)
    {
        nint twice = 2 * stride;
        nint thrice = 3 * stride;
        nint k = 0;
        if (Avx.IsSupported)
        {
            float* later = to + (4 * columns);
            for (; k <= depth - 8; k += 8, s0 += 8, to += 8 * columns, later += 8 * columns)
            {
                var (r0, r1) = (Vector256.Load(s0), Vector256.Load(s0 + stride));
                var (r2, r3) = (Vector256.Load(s0 + twice), Vector256.Load(s0 + thrice));
                var low01 = Avx.UnpackLow(r0, r1).AsDouble();
                var high01 = Avx.UnpackHigh(r0, r1).AsDouble();
                var low23 = Avx.UnpackLow(r2, r3).AsDouble();
                var high23 = Avx.UnpackHigh(r2, r3).AsDouble();
                Halves(Avx.UnpackLow(low01, low23).AsSingle(), to, later);
                Halves(Avx.UnpackHigh(low01, low23).AsSingle(), to + columns, later + columns);
                Halves(Avx.UnpackLow(high01, high23).AsSingle(), to + (2 * columns), later + (2 * columns));
                Halves(Avx.UnpackHigh(high01, high23).AsSingle(), to + (3 * columns), later + (3 * columns));
            }
        }

        for (; k < depth; k++, s0++, to += columns)
        {
            Vector128.Create(s0[0], s0[stride], s0[twice], s0[thrice]).Store(to);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void TwoRows(float* s0, nint stride, int depth, float* to, nint columns)
    {
        nint k = 0;
        for (; k <= depth - 4; k += 4, s0 += 4, to += 4 * columns)
        {
            var (r0, r1) = (Vector128.Load(s0), Vector128.Load(s0 + stride));
            var low = Sse.UnpackLow(r0, r1);
            var high = Sse.UnpackHigh(r0, r1);
            Sse.StoreLow(to, low);
            Sse.StoreHigh(to + columns, low);
            Sse.StoreLow(to + (2 * columns), high);
            Sse.StoreHigh(to + (3 * columns), high);
        }

        for (; k < depth; k++, s0++, to += columns)
        {
            to[0] = s0[0];
            to[1] = s0[stride];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Halves(Vector256<float> v, float* low, float* high)
    {
        v.GetLower().Store(low);
        v.GetUpper().Store(high);
    }
}
