using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>2 pixels x 16 outputs in eight 128-bit sums: sixteen registers are all that the smallest machines have.</summary>
readonly unsafe struct ConvTileVector128 : IConvTile
{
    /// <inheritdoc/>
    public static int Rows => 2;

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
        float* d = c + columns;
        Vector128<float> s00 = default, s01 = default, s02 = default, s03 = default;
        Vector128<float> s10 = default, s11 = default, s12 = default, s13 = default;
        if (add)
        {
            s00 = Vector128.Load(c);
            s01 = Vector128.Load(c + 4);
            s02 = Vector128.Load(c + 8);
            s03 = Vector128.Load(c + 12);
            s10 = Vector128.Load(d);
            s11 = Vector128.Load(d + 4);
            s12 = Vector128.Load(d + 8);
            s13 = Vector128.Load(d + 12);
        }

        for (int s = 0; s < x.Count; s++)
        {
            float* a0 = x.Sources[s] + at;
            float* a1 = a0 + x.Pixel;
            for (nint k = 0; k < x.Length; k++)
            {
                var v0 = Vector128.Create(a0[k]);
                var v1 = Vector128.Create(a1[k]);
                var w0 = Vector128.Load(b);
                var w1 = Vector128.Load(b + 4);
                var w2 = Vector128.Load(b + 8);
                var w3 = Vector128.Load(b + 12);
                s00 = Vector128.MultiplyAddEstimate(v0, w0, s00);
                s10 = Vector128.MultiplyAddEstimate(v1, w0, s10);
                s01 = Vector128.MultiplyAddEstimate(v0, w1, s01);
                s11 = Vector128.MultiplyAddEstimate(v1, w1, s11);
                s02 = Vector128.MultiplyAddEstimate(v0, w2, s02);
                s12 = Vector128.MultiplyAddEstimate(v1, w2, s12);
                s03 = Vector128.MultiplyAddEstimate(v0, w3, s03);
                s13 = Vector128.MultiplyAddEstimate(v1, w3, s13);
                b += ConvWeight.PanelWidth;
            }
        }

        s00.Store(c);
        s01.Store(c + 4);
        s02.Store(c + 8);
        s03.Store(c + 12);
        s10.Store(d);
        s11.Store(d + 4);
        s12.Store(d + 8);
        s13.Store(d + 12);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunRow(in ConvSegments x, nint at, float* b, float* c, bool add)
    {
        for (int n = 0; n < ConvWeight.PanelWidth; n += 4)
        {
            var sum = add ? Vector128.Load(c + n) : default;
            float* w = b + n;
            for (int s = 0; s < x.Count; s++)
            {
                float* a = x.Sources[s] + at;
                for (int k = 0; k < x.Length; k++)
                {
                    sum = Vector128.MultiplyAddEstimate(Vector128.Create(a[k]), Vector128.Load(w), sum);
                    w += ConvWeight.PanelWidth;
                }
            }

            sum.Store(c + n);
        }
    }
}
