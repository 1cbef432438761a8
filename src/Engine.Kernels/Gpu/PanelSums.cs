using System.Runtime.CompilerServices;
using ILGPU;

namespace Engine.Kernels.Gpu;

/// <summary>Four rows times a panel of sixteen columns: the heart of kernels for devices that are the host's cores.</summary>
/// <remarks>
/// Such kernels have one thread per group. Shared memory is its scratch, without a barrier, and the driver's compiler makes
/// vectors of each eight fields, so that four rows of two vectors of sums stay in registers (perf/records/devices.md).
/// </remarks>
struct PanelSums
{
    /// <summary>Columns of a panel.</summary>
    public const int Width = 16;

    F8 _a0;
    F8 _a1;
    F8 _a2;
    F8 _a3;
    F8 _b0;
    F8 _b1;
    F8 _b2;
    F8 _b3;

    /// <summary>Sums over k of x[row + k] times line k of a panel.</summary>
    /// <param name="panel">Lines of sixteen values.</param>
    /// <param name="depth">Lines.</param>
    /// <param name="x">Rows.</param>
    /// <param name="x0">Where the first row begins.</param>
    /// <param name="x1">Where the second row begins.</param>
    /// <param name="x2">Where the third row begins.</param>
    /// <param name="x3">Where the fourth row begins.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PanelSums Of(ArrayView<F8> panel, int depth, ArrayView<float> x, long x0, long x1, long x2, long x3)
    {
        F8 a0 = default, a1 = default, a2 = default, a3 = default;
        F8 b0 = default, b1 = default, b2 = default, b3 = default;
        for (int k = 0; k < depth; k++)
        {
            var low = panel[2 * k];
            var high = panel[(2 * k) + 1];
            float v0 = x[x0 + k];
            float v1 = x[x1 + k];
            float v2 = x[x2 + k];
            float v3 = x[x3 + k];
            a0 = F8.MultiplyAdd(v0, low, a0);
            b0 = F8.MultiplyAdd(v0, high, b0);
            a1 = F8.MultiplyAdd(v1, low, a1);
            b1 = F8.MultiplyAdd(v1, high, b1);
            a2 = F8.MultiplyAdd(v2, low, a2);
            b2 = F8.MultiplyAdd(v2, high, b2);
            a3 = F8.MultiplyAdd(v3, low, a3);
            b3 = F8.MultiplyAdd(v3, high, b3);
        }

        PanelSums r = default;
        r._a0 = a0;
        r._a1 = a1;
        r._a2 = a2;
        r._a3 = a3;
        r._b0 = b0;
        r._b1 = b1;
        r._b2 = b2;
        r._b3 = b3;
        return r;
    }

    /// <summary>to = factor sums, or to + factor sums</summary>
    /// <param name="to">Where the rows go, eight values at a time.</param>
    /// <param name="at">First eight of the first row.</param>
    /// <param name="stride">Eights from row to row.</param>
    /// <param name="factor">Factor on every sum.</param>
    /// <param name="add">True to add to what is there.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(ArrayView<F8> to, int at, int stride, float factor, bool add)
    {
        Row(to, at, factor, _a0, add);
        Row(to, at + 1, factor, _b0, add);
        Row(to, at + stride, factor, _a1, add);
        Row(to, at + stride + 1, factor, _b1, add);
        Row(to, at + (2 * stride), factor, _a2, add);
        Row(to, at + (2 * stride) + 1, factor, _b2, add);
        Row(to, at + (3 * stride), factor, _a3, add);
        Row(to, at + (3 * stride) + 1, factor, _b3, add);
    }

    /// <summary>to = sums, or old[row] to + sums</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Update(ArrayView<F8> to, int at, int stride, float old0, float old1, float old2, float old3, bool add)
    {
        Row(to, at, _a0, old0, add);
        Row(to, at + 1, _b0, old0, add);
        Row(to, at + stride, _a1, old1, add);
        Row(to, at + stride + 1, _b1, old1, add);
        Row(to, at + (2 * stride), _a2, old2, add);
        Row(to, at + (2 * stride) + 1, _b2, old2, add);
        Row(to, at + (3 * stride), _a3, old3, add);
        Row(to, at + (3 * stride) + 1, _b3, old3, add);
    }

    /// <summary>Writes eight values of a column, one per line, from value <paramref name="at"/> of a panel on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(ArrayView<float> panel, int at, F8 v)
    {
        panel[at] = v.V0;
        panel[at + Width] = v.V1;
        panel[at + (2 * Width)] = v.V2;
        panel[at + (3 * Width)] = v.V3;
        panel[at + (4 * Width)] = v.V4;
        panel[at + (5 * Width)] = v.V5;
        panel[at + (6 * Width)] = v.V6;
        panel[at + (7 * Width)] = v.V7;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Row(ArrayView<F8> to, int at, float factor, F8 sum, bool add)
    {
        var v = F8.Scale(factor, sum);
        if (add)
        {
            v = F8.Add(v, to[at]);
        }

        to[at] = v;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Row(ArrayView<F8> to, int at, F8 sum, float old, bool add)
    {
        if (add)
        {
            sum = F8.MultiplyAdd(old, to[at], sum);
        }

        to[at] = sum;
    }
}
