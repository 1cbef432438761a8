using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Engine.Kernels;

/// <summary>8 pixels x 32 outputs in sixteen 512-bit sums, or 8 x 16 in eight.</summary>
readonly unsafe struct ConvTileAvx512 : IConvTile
{
    /// <inheritdoc/>
    public static int Rows => 8;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunPair(in ConvSegments x, nint at, float* b0, float* b1, nint ahead, float* c, nint columns, bool add)
    {
        Vector512<float> s00 = default, s01 = default;
        Vector512<float> s10 = default, s11 = default;
        Vector512<float> s20 = default, s21 = default;
        Vector512<float> s30 = default, s31 = default;
        Vector512<float> s40 = default, s41 = default;
        Vector512<float> s50 = default, s51 = default;
        Vector512<float> s60 = default, s61 = default;
        Vector512<float> s70 = default, s71 = default;
        if (add)
        {
            s00 = Vector512.Load(c);
            s01 = Vector512.Load(c + 16);
            s10 = Vector512.Load(c + (1 * columns));
            s11 = Vector512.Load(c + (1 * columns) + 16);
            s20 = Vector512.Load(c + (2 * columns));
            s21 = Vector512.Load(c + (2 * columns) + 16);
            s30 = Vector512.Load(c + (3 * columns));
            s31 = Vector512.Load(c + (3 * columns) + 16);
            s40 = Vector512.Load(c + (4 * columns));
            s41 = Vector512.Load(c + (4 * columns) + 16);
            s50 = Vector512.Load(c + (5 * columns));
            s51 = Vector512.Load(c + (5 * columns) + 16);
            s60 = Vector512.Load(c + (6 * columns));
            s61 = Vector512.Load(c + (6 * columns) + 16);
            s70 = Vector512.Load(c + (7 * columns));
            s71 = Vector512.Load(c + (7 * columns) + 16);
        }

        float* next0 = b0 + ahead;
        float* next1 = b1 + ahead;
        nint pixel = x.Pixel;
        nint length = x.Length;
        for (int s = 0; s < x.Count; s++)
        {
            // Three bases reach eight pixels, which leaves registers for the rest.
            float* a0 = x.Sources[s] + at;
            float* a3 = a0 + (3 * pixel);
            float* a6 = a3 + (3 * pixel);
            for (nint k = 0; k < length; k++)
            {
                var w0 = Vector512.Load(b0);
                var w1 = Vector512.Load(b1);
                Sse.Prefetch1(next0);
                Sse.Prefetch1(next1);
                next0 += 4;
                next1 += 4;
                b0 += ConvWeight.PanelWidth;
                b1 += ConvWeight.PanelWidth;
                var v0 = Vector512.Create(*a0);
                s00 = Avx512F.FusedMultiplyAdd(v0, w0, s00);
                s01 = Avx512F.FusedMultiplyAdd(v0, w1, s01);
                var v1 = Vector512.Create(a0[pixel]);
                s10 = Avx512F.FusedMultiplyAdd(v1, w0, s10);
                s11 = Avx512F.FusedMultiplyAdd(v1, w1, s11);
                var v2 = Vector512.Create(a0[2 * pixel]);
                s20 = Avx512F.FusedMultiplyAdd(v2, w0, s20);
                s21 = Avx512F.FusedMultiplyAdd(v2, w1, s21);
                var v3 = Vector512.Create(*a3);
                s30 = Avx512F.FusedMultiplyAdd(v3, w0, s30);
                s31 = Avx512F.FusedMultiplyAdd(v3, w1, s31);
                var v4 = Vector512.Create(a3[pixel]);
                s40 = Avx512F.FusedMultiplyAdd(v4, w0, s40);
                s41 = Avx512F.FusedMultiplyAdd(v4, w1, s41);
                var v5 = Vector512.Create(a3[2 * pixel]);
                s50 = Avx512F.FusedMultiplyAdd(v5, w0, s50);
                s51 = Avx512F.FusedMultiplyAdd(v5, w1, s51);
                var v6 = Vector512.Create(*a6);
                s60 = Avx512F.FusedMultiplyAdd(v6, w0, s60);
                s61 = Avx512F.FusedMultiplyAdd(v6, w1, s61);
                var v7 = Vector512.Create(a6[pixel]);
                s70 = Avx512F.FusedMultiplyAdd(v7, w0, s70);
                s71 = Avx512F.FusedMultiplyAdd(v7, w1, s71);
                a0++;
                a3++;
                a6++;
            }
        }

        s00.Store(c);
        s01.Store(c + 16);
        s10.Store(c + (1 * columns));
        s11.Store(c + (1 * columns) + 16);
        s20.Store(c + (2 * columns));
        s21.Store(c + (2 * columns) + 16);
        s30.Store(c + (3 * columns));
        s31.Store(c + (3 * columns) + 16);
        s40.Store(c + (4 * columns));
        s41.Store(c + (4 * columns) + 16);
        s50.Store(c + (5 * columns));
        s51.Store(c + (5 * columns) + 16);
        s60.Store(c + (6 * columns));
        s61.Store(c + (6 * columns) + 16);
        s70.Store(c + (7 * columns));
        s71.Store(c + (7 * columns) + 16);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in ConvSegments x, nint at, float* b, nint ahead, float* c, nint columns, bool add)
    {
        Vector512<float> s00 = default;
        Vector512<float> s10 = default;
        Vector512<float> s20 = default;
        Vector512<float> s30 = default;
        Vector512<float> s40 = default;
        Vector512<float> s50 = default;
        Vector512<float> s60 = default;
        Vector512<float> s70 = default;
        if (add)
        {
            s00 = Vector512.Load(c);
            s10 = Vector512.Load(c + (1 * columns));
            s20 = Vector512.Load(c + (2 * columns));
            s30 = Vector512.Load(c + (3 * columns));
            s40 = Vector512.Load(c + (4 * columns));
            s50 = Vector512.Load(c + (5 * columns));
            s60 = Vector512.Load(c + (6 * columns));
            s70 = Vector512.Load(c + (7 * columns));
        }

        float* next = b + ahead;
        nint pixel = x.Pixel;
        nint length = x.Length;
        for (int s = 0; s < x.Count; s++)
        {
            // Three bases reach eight pixels, which leaves registers for the rest.
            float* a0 = x.Sources[s] + at;
            float* a3 = a0 + (3 * pixel);
            float* a6 = a3 + (3 * pixel);
            for (nint k = 0; k < length; k++)
            {
                var w0 = Vector512.Load(b);
                Sse.Prefetch1(next);
                next += 4;
                b += ConvWeight.PanelWidth;
                var v0 = Vector512.Create(*a0);
                s00 = Avx512F.FusedMultiplyAdd(v0, w0, s00);
                var v1 = Vector512.Create(a0[pixel]);
                s10 = Avx512F.FusedMultiplyAdd(v1, w0, s10);
                var v2 = Vector512.Create(a0[2 * pixel]);
                s20 = Avx512F.FusedMultiplyAdd(v2, w0, s20);
                var v3 = Vector512.Create(*a3);
                s30 = Avx512F.FusedMultiplyAdd(v3, w0, s30);
                var v4 = Vector512.Create(a3[pixel]);
                s40 = Avx512F.FusedMultiplyAdd(v4, w0, s40);
                var v5 = Vector512.Create(a3[2 * pixel]);
                s50 = Avx512F.FusedMultiplyAdd(v5, w0, s50);
                var v6 = Vector512.Create(*a6);
                s60 = Avx512F.FusedMultiplyAdd(v6, w0, s60);
                var v7 = Vector512.Create(a6[pixel]);
                s70 = Avx512F.FusedMultiplyAdd(v7, w0, s70);
                a0++;
                a3++;
                a6++;
            }
        }

        s00.Store(c);
        s10.Store(c + (1 * columns));
        s20.Store(c + (2 * columns));
        s30.Store(c + (3 * columns));
        s40.Store(c + (4 * columns));
        s50.Store(c + (5 * columns));
        s60.Store(c + (6 * columns));
        s70.Store(c + (7 * columns));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunRow(in ConvSegments x, nint at, float* b, float* c, bool add)
    {
        var sum = add ? Vector512.Load(c) : default;
        for (int s = 0; s < x.Count; s++)
        {
            float* a = x.Sources[s] + at;
            for (int k = 0; k < x.Length; k++)
            {
                sum = Avx512F.FusedMultiplyAdd(Vector512.Create(a[k]), Vector512.Load(b), sum);
                b += ConvWeight.PanelWidth;
            }
        }

        sum.Store(c);
    }
}
