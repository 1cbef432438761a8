using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>Turns blocks of 16 uniform numbers into 16 normal ones, in place, rounding as torch's CPU kernel does.</summary>
/// <remarks>
/// data[j] = r cos(theta), data[j + 8] = r sin(theta), r = sqrt(-2 ln(1 - data[j])), theta = 2 pi data[j + 8], j = 0..7.
/// torch evaluates ln, sin and cos in single precision with the Cephes polynomials (S. Moshier, Cephes library:
/// logf, sinf, cosf), fused multiply-add wherever a product is added (of two products, the first one). The order of operations here follows from
/// that; .NET's own logarithm rounds differently. Every lane is computed alike, so the numbers are the same
/// on every instruction set.
/// </remarks>
static class BoxMuller
{
    /// <summary>Numbers per block.</summary>
    public const int Block = 16;

    const float SqrtHalf = 0.707106781186547524f;
    const float Ln2Low = -2.12194440e-4f;
    const float Ln2High = 0.693359375f;
    const float FourOverPi = 1.27323954473516f;

    /// <summary>Transforms one block of uniform numbers in [0, 1).</summary>
    public static void Transform(Span<float> block)
    {
        var first = Vector256.Create<float>(block);
        var second = Vector256.Create<float>(block[Vector256<float>.Count..]);
        var radius = Vector256.Sqrt(Log(Vector256<float>.One - first) * -2f);
        var (sin, cos) = SinCos(second * (float)(2 * Math.PI));
        (radius * cos).CopyTo(block);
        (radius * sin).CopyTo(block[Vector256<float>.Count..]);
    }

    /// <summary>ln(x) for x in (0, 1].</summary>
    static Vector256<float> Log(Vector256<float> x)
    {
        // x = m 2^e with m in [0.5, 1), then moved to [sqrt(1/2), sqrt(2)) - 1.
        var exponent = (x.AsInt32() >>> 23) - Vector256.Create(0x7e);
        var e = Vector256.ConvertToSingle(exponent);
        var m = ((x.AsInt32() & Vector256.Create(~0x7f800000)) | Vector256.Create(0.5f).AsInt32()).AsSingle();
        var small = Vector256.LessThan(m, Vector256.Create(SqrtHalf));
        e -= small & Vector256<float>.One;
        x = (m - Vector256<float>.One) + (m & small);

        var z = x * x;
        var y = Vector256.Create(7.0376836292E-2f);
        y = MulAdd(y, x, -1.1514610310E-1f);
        y = MulAdd(y, x, 1.1676998740E-1f);
        y = MulAdd(y, x, -1.2420140846E-1f);
        y = MulAdd(y, x, 1.4249322787E-1f);
        y = MulAdd(y, x, -1.6668057665E-1f);
        y = MulAdd(y, x, 2.0000714765E-1f);
        y = MulAdd(y, x, -2.4999993993E-1f);
        y = MulAdd(y, x, 3.3333331174E-1f);
        y = Vector256.FusedMultiplyAdd(y * x, z, e * Ln2Low);
        y = Vector256.FusedMultiplyAdd(z, Vector256.Create(-0.5f), y);
        return Vector256.FusedMultiplyAdd(e, Vector256.Create(Ln2High), x + y);
    }

    /// <summary>sin(x) and cos(x) for x in [0, 2 pi).</summary>
    static (Vector256<float> Sin, Vector256<float> Cos) SinCos(Vector256<float> x)
    {
        // Octant, rounded up to an even one, so that |x| <= pi/4 afterwards.
        var octant = (Vector256.ConvertToInt32(x * FourOverPi) + Vector256<int>.One) & Vector256.Create(~1);
        var y = Vector256.ConvertToSingle(octant);
        var sinSign = ((octant & Vector256.Create(4)) << 29).AsSingle();
        var cosSign = (Vector256.AndNot(Vector256.Create(4), octant - Vector256.Create(2)) << 29).AsSingle();
        var straight = Vector256.Equals(octant & Vector256.Create(2), Vector256<int>.Zero).AsSingle();

        // pi/4 in three parts, so that the subtraction is exact enough in single precision.
        x = Vector256.FusedMultiplyAdd(y, Vector256.Create(-0.78515625f), x);
        x = Vector256.FusedMultiplyAdd(y, Vector256.Create(-2.4187564849853515625e-4f), x);
        x = Vector256.FusedMultiplyAdd(y, Vector256.Create(-3.77489497744594108e-8f), x);

        var z = x * x;
        var c = Vector256.Create(2.443315711809948E-005f);
        c = MulAdd(c, z, -1.388731625493765E-003f);
        c = MulAdd(c, z, 4.166664568298827E-002f);
        c = Vector256.FusedMultiplyAdd(c * z, z, z * -0.5f) + Vector256<float>.One;

        var s = Vector256.Create(-1.9515295891E-4f);
        s = MulAdd(s, z, 8.3321608736E-3f);
        s = MulAdd(s, z, -1.6666654611E-1f);
        s = Vector256.FusedMultiplyAdd(s * z, x, x);

        return (Vector256.ConditionalSelect(straight, s, c) ^ sinSign, Vector256.ConditionalSelect(straight, c, s) ^ cosSign);
    }

    static Vector256<float> MulAdd(Vector256<float> a, Vector256<float> b, float c) =>
        Vector256.FusedMultiplyAdd(a, b, Vector256.Create(c));
}
