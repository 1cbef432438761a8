using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Engine.Kernels;

/// <summary>6 pixels x 16 outputs in twelve 256-bit sums; two registers hold weights, one a broadcast value.</summary>
readonly unsafe struct ConvTileAvx2 : IConvTile
{
    /// <inheritdoc/>
    public static int Rows => 6;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunPair(in ConvSegments x, nint at, float* b0, float* b1, nint ahead, float* c, nint columns, bool add)
    {
        Run(x, at, b0, ahead, c, columns, add);
        Run(x, at, b1, ahead, c + ConvWeight.PanelWidth, columns, add);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in ConvSegments x, nint at, float* b, nint ahead, float* c, nint columns, bool add)
    {
        Vector256<float> s00 = default, s01 = default;
        Vector256<float> s10 = default, s11 = default;
        Vector256<float> s20 = default, s21 = default;
        Vector256<float> s30 = default, s31 = default;
        Vector256<float> s40 = default, s41 = default;
        Vector256<float> s50 = default, s51 = default;
        if (add)
        {
            (s00, s01) = Load(c);
            (s10, s11) = Load(c + (1 * columns));
            (s20, s21) = Load(c + (2 * columns));
            (s30, s31) = Load(c + (3 * columns));
            (s40, s41) = Load(c + (4 * columns));
            (s50, s51) = Load(c + (5 * columns));
        }

        nint pixel = x.Pixel;
        int length = x.Length;
        float* next = b + ahead;
        for (int s = 0; s < x.Count; s++)
        {
            float* a0 = x.Sources[s] + at;
            float* a1 = a0 + pixel;
            float* a2 = a1 + pixel;
            float* a3 = a2 + pixel;
            float* a4 = a3 + pixel;
            float* a5 = a4 + pixel;
            for (nint k = 0; k < length; k++)
            {
                var w0 = Vector256.Load(b);
                var w1 = Vector256.Load(b + 8);
                Sse.Prefetch1(next);
                next += 4;
                b += ConvWeight.PanelWidth;
                var v0 = Vector256.Create(a0[k]);
                s00 = Fma.MultiplyAdd(v0, w0, s00);
                s01 = Fma.MultiplyAdd(v0, w1, s01);
                var v1 = Vector256.Create(a1[k]);
                s10 = Fma.MultiplyAdd(v1, w0, s10);
                s11 = Fma.MultiplyAdd(v1, w1, s11);
                var v2 = Vector256.Create(a2[k]);
                s20 = Fma.MultiplyAdd(v2, w0, s20);
                s21 = Fma.MultiplyAdd(v2, w1, s21);
                var v3 = Vector256.Create(a3[k]);
                s30 = Fma.MultiplyAdd(v3, w0, s30);
                s31 = Fma.MultiplyAdd(v3, w1, s31);
                var v4 = Vector256.Create(a4[k]);
                s40 = Fma.MultiplyAdd(v4, w0, s40);
                s41 = Fma.MultiplyAdd(v4, w1, s41);
                var v5 = Vector256.Create(a5[k]);
                s50 = Fma.MultiplyAdd(v5, w0, s50);
                s51 = Fma.MultiplyAdd(v5, w1, s51);
            }
        }

        Save(c, s00, s01);
        Save(c + (1 * columns), s10, s11);
        Save(c + (2 * columns), s20, s21);
        Save(c + (3 * columns), s30, s31);
        Save(c + (4 * columns), s40, s41);
        Save(c + (5 * columns), s50, s51);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunRow(in ConvSegments x, nint at, float* b, float* c, bool add)
    {
        Vector256<float> s0 = default, s1 = default;
        if (add)
        {
            (s0, s1) = Load(c);
        }

        for (int s = 0; s < x.Count; s++)
        {
            float* a = x.Sources[s] + at;
            for (int k = 0; k < x.Length; k++)
            {
                var v = Vector256.Create(a[k]);
                s0 = Fma.MultiplyAdd(v, Vector256.Load(b), s0);
                s1 = Fma.MultiplyAdd(v, Vector256.Load(b + 8), s1);
                b += ConvWeight.PanelWidth;
            }
        }

        Save(c, s0, s1);
    }

    static (Vector256<float> Low, Vector256<float> High) Load(float* c) => (Vector256.Load(c), Vector256.Load(c + 8));

    static void Save(float* c, Vector256<float> low, Vector256<float> high)
    {
        low.Store(c);
        high.Store(c + 8);
    }
}
