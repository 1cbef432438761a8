using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>Functions of whole vectors, in two widths.</summary>
static class VectorMath
{
    /// <summary>log2(e).</summary>
    public const float Log2E = 1.44269504f;

    // exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln(2)/2; ln 2 in two parts so that r is exact.
    // The Taylor series to r^7 leaves 5e-9 of relative error, below half a unit in the last place.
    const float Ln2High = 0.693359375f;
    const float Ln2Low = -2.12194440e-4f;

    // Below -87.3 the result would be subnormal; above 88.7 it is infinite.
    const float LowestExp = -87.3f;
    const float HighestExp = 88.72284f;
    const float LowestExp2 = -126;

    // ln(2)^n / n!: the Taylor series of 2^r.
    const float Two1 = 0.693147181f;
    const float Two2 = 0.240226507f;
    const float Two3 = 0.0555041087f;
    const float Two4 = 0.00961812911f;
    const float Two5 = 0.00133335581f;
    const float Two6 = 1.54035304e-4f;
    const float Two7 = 1.52527338e-5f;

    /// <summary>exp(x) within 2 units in the last place; inputs under -87.3 give about 1e-38, NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        var clamped = Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(LowestExp)), Vector256.Create(LowestExp), x);
        var n = Vector256.Round(clamped * Vector256.Create(Log2E));
        var r = Vector256.MultiplyAddEstimate(n, Vector256.Create(-Ln2High), clamped);
        r = Vector256.MultiplyAddEstimate(n, Vector256.Create(-Ln2Low), r);
        var p = Vector256.MultiplyAddEstimate(r, Vector256.Create(1 / 5040f), Vector256.Create(1 / 720f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(1 / 120f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(1 / 24f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(1 / 6f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(0.5f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256<float>.One);
        p = Vector256.MultiplyAddEstimate(p, r, Vector256<float>.One);

        // 2^n by way of the exponent bits, in two halves because n reaches 128.
        var whole = Vector256.ConvertToInt32Native(n);
        var half = Vector256.ShiftRightArithmetic(whole, 1);
        var bias = Vector256.Create(127);
        var first = Vector256.ShiftLeft(half + bias, 23).AsSingle();
        var second = Vector256.ShiftLeft(whole - half + bias, 23).AsSingle();
        return Vector256.ConditionalSelect(
            Vector256.GreaterThan(x, Vector256.Create(HighestExp)), Vector256.Create(float.PositiveInfinity), p * first * second);
    }

    /// <inheritdoc cref="Exp(Vector256{float})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        var clamped = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(LowestExp)), Vector512.Create(LowestExp), x);
        var n = Vector512.Round(clamped * Vector512.Create(Log2E));
        var r = Vector512.MultiplyAddEstimate(n, Vector512.Create(-Ln2High), clamped);
        r = Vector512.MultiplyAddEstimate(n, Vector512.Create(-Ln2Low), r);
        var p = Vector512.MultiplyAddEstimate(r, Vector512.Create(1 / 5040f), Vector512.Create(1 / 720f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1 / 120f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1 / 24f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1 / 6f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(0.5f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512<float>.One);
        p = Vector512.MultiplyAddEstimate(p, r, Vector512<float>.One);
        var whole = Vector512.ConvertToInt32Native(n);
        var half = Vector512.ShiftRightArithmetic(whole, 1);
        var bias = Vector512.Create(127);
        var first = Vector512.ShiftLeft(half + bias, 23).AsSingle();
        var second = Vector512.ShiftLeft(whole - half + bias, 23).AsSingle();
        return Vector512.ConditionalSelect(
            Vector512.GreaterThan(x, Vector512.Create(HighestExp)), Vector512.Create(float.PositiveInfinity), p * first * second);
    }

    /// <summary>2^x for x up to 0 or little above, within 2 units in the last place; inputs under -126 give 2^-126, NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp2OfNegative(Vector256<float> x)
    {
        x = Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(LowestExp2)), Vector256.Create(LowestExp2), x);
        var n = Vector256.Round(x);
        var r = x - n;
        var p = Vector256.MultiplyAddEstimate(r, Vector256.Create(Two7), Vector256.Create(Two6));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(Two5));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(Two4));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(Two3));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(Two2));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(Two1));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256<float>.One);
        var power = Vector256.ShiftLeft(Vector256.ConvertToInt32Native(n) + Vector256.Create(127), 23).AsSingle();
        return p * power;
    }

    /// <inheritdoc cref="Exp2OfNegative(Vector256{float})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp2OfNegative(Vector512<float> x)
    {
        x = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(LowestExp2)), Vector512.Create(LowestExp2), x);
        var n = Vector512.Round(x);
        var r = x - n;
        var p = Vector512.MultiplyAddEstimate(r, Vector512.Create(Two7), Vector512.Create(Two6));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(Two5));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(Two4));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(Two3));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(Two2));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(Two1));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512<float>.One);
        var power = Vector512.ShiftLeft(Vector512.ConvertToInt32Native(n) + Vector512.Create(127), 23).AsSingle();
        return p * power;
    }

    /// <summary>1 - erf(x) for x of 0 or more: 2e-7 relative up to 1, then 6e-8 x^2 more as it vanishes; NaN stays NaN.</summary>
    /// <remarks>
    /// Up to 0.5: the Taylor series of erf to x^13 (3e-8 of the term itself). Above: exp(-x^2) t P(t), t = 1 / (1 + 0.4 x),
    /// P of degree 8 through the Chebyshev nodes of 0.5 to 12 (5e-9 relative).
    /// </remarks>
    public static Vector256<float> Erfc(Vector256<float> x)
    {
        var u = x * x;
        var series = Vector256.Create(0.00012055333f);
        series = Vector256.MultiplyAddEstimate(series, u, Vector256.Create(-0.000854832702f));
        series = Vector256.MultiplyAddEstimate(series, u, Vector256.Create(0.00522397763f));
        series = Vector256.MultiplyAddEstimate(series, u, Vector256.Create(-0.0268661706f));
        series = Vector256.MultiplyAddEstimate(series, u, Vector256.Create(0.112837917f));
        series = Vector256.MultiplyAddEstimate(series, u, Vector256.Create(-0.376126389f));
        series = Vector256.MultiplyAddEstimate(series, u, Vector256.Create(1.12837917f));
        var near = Vector256<float>.One - (x * series);

        var t = Vector256<float>.One / Vector256.MultiplyAddEstimate(x, Vector256.Create(0.4f), Vector256<float>.One);
        var tail = Vector256.Create(0.0615161679f);
        tail = Vector256.MultiplyAddEstimate(tail, t, Vector256.Create(-0.226023955f));
        tail = Vector256.MultiplyAddEstimate(tail, t, Vector256.Create(0.237962523f));
        tail = Vector256.MultiplyAddEstimate(tail, t, Vector256.Create(-0.0651140634f));
        tail = Vector256.MultiplyAddEstimate(tail, t, Vector256.Create(0.171634372f));
        tail = Vector256.MultiplyAddEstimate(tail, t, Vector256.Create(0.159382087f));
        tail = Vector256.MultiplyAddEstimate(tail, t, Vector256.Create(0.209455754f));
        tail = Vector256.MultiplyAddEstimate(tail, t, Vector256.Create(0.225518803f));
        tail = Vector256.MultiplyAddEstimate(tail, t, Vector256.Create(0.225681643f));
        return Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(0.5f)), near, Exp(-u) * t * tail);
    }
}
