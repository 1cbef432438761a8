using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Four floats that a kernel reads or writes at once; the address must be a multiple of 16 bytes.</summary>
struct F4
{
    public float V0;
    public float V1;
    public float V2;
    public float V3;
}

/// <summary>Four words that a kernel reads at once; the address must be a multiple of 16 bytes.</summary>
struct U4
{
    public uint V0;
    public uint V1;
    public uint V2;
    public uint V3;
}

/// <summary>Two words that a kernel reads at once; the address must be a multiple of 8 bytes.</summary>
struct U2
{
    public uint V0;
    public uint V1;
}

/// <summary>Eight floats in registers: fields, because an array would lie in memory.</summary>
struct F8
{
    public float V0;
    public float V1;
    public float V2;
    public float V3;
    public float V4;
    public float V5;
    public float V6;
    public float V7;

    /// <summary>sum + factor v</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 MultiplyAdd(float factor, F8 v, F8 sum)
    {
        sum.V0 += factor * v.V0;
        sum.V1 += factor * v.V1;
        sum.V2 += factor * v.V2;
        sum.V3 += factor * v.V3;
        sum.V4 += factor * v.V4;
        sum.V5 += factor * v.V5;
        sum.V6 += factor * v.V6;
        sum.V7 += factor * v.V7;
        return sum;
    }

    /// <summary>sum + factor (low, high)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 MultiplyAdd(float factor, F4 low, F4 high, F8 sum)
    {
        sum.V0 += factor * low.V0;
        sum.V1 += factor * low.V1;
        sum.V2 += factor * low.V2;
        sum.V3 += factor * low.V3;
        sum.V4 += factor * high.V0;
        sum.V5 += factor * high.V1;
        sum.V6 += factor * high.V2;
        sum.V7 += factor * high.V3;
        return sum;
    }

    /// <summary>Sum of products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(F8 a, F8 b) =>
        (a.V0 * b.V0) + (a.V1 * b.V1) + (a.V2 * b.V2) + (a.V3 * b.V3) + (a.V4 * b.V4) + (a.V5 * b.V5) + (a.V6 * b.V6) + (a.V7 * b.V7);

    /// <summary>a + b</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Add(F8 a, F8 b)
    {
        a.V0 += b.V0;
        a.V1 += b.V1;
        a.V2 += b.V2;
        a.V3 += b.V3;
        a.V4 += b.V4;
        a.V5 += b.V5;
        a.V6 += b.V6;
        a.V7 += b.V7;
        return a;
    }

    /// <summary>factor v</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Scale(float factor, F8 v)
    {
        v.V0 *= factor;
        v.V1 *= factor;
        v.V2 *= factor;
        v.V3 *= factor;
        v.V4 *= factor;
        v.V5 *= factor;
        v.V6 *= factor;
        v.V7 *= factor;
        return v;
    }

    /// <summary>The larger of each two; NaN in b gives a.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Max(F8 a, F8 b)
    {
        a.V0 = b.V0 > a.V0 ? b.V0 : a.V0;
        a.V1 = b.V1 > a.V1 ? b.V1 : a.V1;
        a.V2 = b.V2 > a.V2 ? b.V2 : a.V2;
        a.V3 = b.V3 > a.V3 ? b.V3 : a.V3;
        a.V4 = b.V4 > a.V4 ? b.V4 : a.V4;
        a.V5 = b.V5 > a.V5 ? b.V5 : a.V5;
        a.V6 = b.V6 > a.V6 ? b.V6 : a.V6;
        a.V7 = b.V7 > a.V7 ? b.V7 : a.V7;
        return a;
    }

    /// <summary>The largest of the eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Highest(F8 v)
    {
        float a = v.V0 > v.V1 ? v.V0 : v.V1;
        float b = v.V2 > v.V3 ? v.V2 : v.V3;
        float c = v.V4 > v.V5 ? v.V4 : v.V5;
        float d = v.V6 > v.V7 ? v.V6 : v.V7;
        a = a > b ? a : b;
        c = c > d ? c : d;
        return a > c ? a : c;
    }

    /// <summary>Sum of the eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(F8 v) => v.V0 + v.V1 + v.V2 + v.V3 + v.V4 + v.V5 + v.V6 + v.V7;

    /// <summary>The first four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F4 LowHalf(F8 v)
    {
        F4 r = default;
        r.V0 = v.V0;
        r.V1 = v.V1;
        r.V2 = v.V2;
        r.V3 = v.V3;
        return r;
    }

    /// <summary>The last four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F4 HighHalf(F8 v)
    {
        F4 r = default;
        r.V0 = v.V4;
        r.V1 = v.V5;
        r.V2 = v.V6;
        r.V3 = v.V7;
        return r;
    }
}
