using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>Functions of whole vectors.</summary>
static class VectorMath
{
    // exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln(2)/2; ln 2 in two parts so that r is exact.
    // The Taylor series to r^7 leaves 5e-9 of relative error, below half a unit in the last place.
    const float Log2E = 1.44269504f;
    const float Ln2High = 0.693359375f;
    const float Ln2Low = -2.12194440e-4f;

    // Below -87.3 the result would be subnormal and is flushed towards 2^-126; above 88.7 it is infinite.
    const float Lowest = -87.3f;
    const float Highest = 88.72284f;

    /// <summary>exp(x) within 2 units in the last place; inputs under -87.3 give about 1e-38, NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        var clamped = Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(Lowest)), Vector256.Create(Lowest), x);
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
        var whole = Vector256.ConvertToInt32(n);
        var half = Vector256.ShiftRightArithmetic(whole, 1);
        var bias = Vector256.Create(127);
        var first = Vector256.ShiftLeft(half + bias, 23).AsSingle();
        var second = Vector256.ShiftLeft(whole - half + bias, 23).AsSingle();
        var y = p * first * second;
        return Vector256.ConditionalSelect(
            Vector256.GreaterThan(x, Vector256.Create(Highest)), Vector256.Create(float.PositiveInfinity), y);
    }
}
