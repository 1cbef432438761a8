using System.Runtime.CompilerServices;
using ILGPU;

namespace Engine.Kernels.Gpu;

/// <summary>Functions of one value for kernels, the same bits' worth of care on CUDA and OpenCL.</summary>
/// <remarks>
/// The drivers' own functions are not used: on CUDA ILGPU turns exp and tanh into hardware approximations. Multiplications and
/// additions may be fused by the driver's compiler; the errors stated hold either way.
/// </remarks>
static class DeviceMath
{
    /// <summary>log2(e).</summary>
    public const float Log2E = 1.44269504f;

    // Adding it and taking it away rounds to a whole number, which then stands in the lowest bits.
    const float Rounding = 12582912;

    // ln 2 in two parts, so that whole multiples of the first are exact.
    const float Ln2High = 0.693359375f;
    const float Ln2Low = -2.12194440e-4f;

    // Below -87.3 the result would be subnormal; above 88.7 it is infinite.
    const float LowestExp = -87.3f;
    const float HighestExp = 88.72284f;
    const float LowestExp2 = -126;

    // 2 sqrt(2/pi) and that times 0.044715: 0.5 (1 + tanh(u)) = 1 / (1 + exp(-2u)).
    const float TanhLinear = 1.5957691216057308f;
    const float TanhCubic = 0.07135481282553304f;
    const float QuickFactor = 1.702f;

    /// <summary>exp(x) within 2 units in the last place; inputs under -87.3 give about 1e-38, NaN stays NaN.</summary>
    /// <remarks>exp(x) = 2^n exp(r), n = round(x / ln 2); the Taylor series to r^7 leaves 5e-9 of relative error.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exp(float x)
    {
        float clamped = x < LowestExp ? LowestExp : x > HighestExp ? HighestExp : x;
        float shifted = (clamped * Log2E) + Rounding;
        float n = shifted - Rounding;
        float r = clamped - (n * Ln2High);
        r -= n * Ln2Low;
        float p = (r * (1 / 5040f)) + (1 / 720f);
        p = (p * r) + (1 / 120f);
        p = (p * r) + (1 / 24f);
        p = (p * r) + (1 / 6f);
        p = (p * r) + 0.5f;
        p = (p * r) + 1;
        p = (p * r) + 1;

        // In two halves, because n reaches 128.
        int whole = (int)Interop.FloatAsInt(shifted) - (int)Interop.FloatAsInt(Rounding);
        int half = whole >> 1;
        float result = p * PowerOfTwo(half) * PowerOfTwo(whole - half);
        return x > HighestExp ? float.PositiveInfinity : result;
    }

    /// <summary>2^x for x up to 0 or little above, within 2 units in the last place; inputs under -126 give 2^-126, NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exp2OfNegative(float x)
    {
        float clamped = x < LowestExp2 ? LowestExp2 : x;
        float shifted = clamped + Rounding;
        float r = clamped - (shifted - Rounding);
        float p = (r * 1.52527338e-5f) + 1.54035304e-4f;
        p = (p * r) + 0.00133335581f;
        p = (p * r) + 0.00961812911f;
        p = (p * r) + 0.0555041087f;
        p = (p * r) + 0.240226507f;
        p = (p * r) + 0.693147181f;
        p = (p * r) + 1;
        return p * PowerOfTwo((int)Interop.FloatAsInt(shifted) - (int)Interop.FloatAsInt(Rounding));
    }

    /// <summary>v / (1 + exp(-v)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Silu(float v) => v / (1 + Exp(-v));

    /// <summary>An <see cref="Activation"/> of one value; the number of the activation must be the same for the whole group.</summary>
    /// <remarks>As on the CPU: every one but the erf one is v times a sigmoid of v (linear + cubic v^2), so that nothing cancels.</remarks>
    public static float Activate(int activation, float v)
    {
        if (activation == (int)Activation.None)
        {
            return v;
        }

        if (activation == (int)Activation.GeluErf)
        {
            return GeluErf(v);
        }

        float linear = activation == (int)Activation.GeluTanh ? TanhLinear : activation == (int)Activation.QuickGelu ? QuickFactor : 1;
        float cubic = activation == (int)Activation.GeluTanh ? TanhCubic : 0;
        return v / (1 + Exp(-v * (linear + (cubic * v * v))));
    }

    /// <summary>v (1 + erf(v / sqrt(2))) / 2.</summary>
    public static float GeluErf(float v)
    {
        float half = 0.5f * Erfc((v < 0 ? -v : v) * 0.707106781f);
        return v * (v < 0 ? half : 1 - half);
    }

    /// <summary>1 - erf(x) for x of 0 or more: 2e-7 relative up to 1, then 6e-8 x^2 more as it vanishes; NaN stays NaN.</summary>
    /// <remarks>The polynomials of <see cref="VectorMath.Erfc"/>.</remarks>
    public static float Erfc(float x)
    {
        float u = x * x;
        if (x < 0.5f)
        {
            float series = (0.00012055333f * u) - 0.000854832702f;
            series = (series * u) + 0.00522397763f;
            series = (series * u) - 0.0268661706f;
            series = (series * u) + 0.112837917f;
            series = (series * u) - 0.376126389f;
            series = (series * u) + 1.12837917f;
            return 1 - (x * series);
        }

        float t = 1 / ((x * 0.4f) + 1);
        float tail = (0.0615161679f * t) - 0.226023955f;
        tail = (tail * t) + 0.237962523f;
        tail = (tail * t) - 0.0651140634f;
        tail = (tail * t) + 0.171634372f;
        tail = (tail * t) + 0.159382087f;
        tail = (tail * t) + 0.209455754f;
        tail = (tail * t) + 0.225518803f;
        tail = (tail * t) + 0.225681643f;
        return Exp(-u) * t * tail;
    }

    /// <summary>A bf16 value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FromBf16(ushort bits) => Interop.IntAsFloat((uint)bits << 16);

    /// <summary>An f16 value, exact; infinities and NaN included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FromF16(uint bits)
    {
        // The bits as those of a float are the value times 2^-112, subnormal ones included.
        uint magnitude = (bits & 0x7FFF) << 13;
        uint scaled = Interop.FloatAsInt(Interop.IntAsFloat(magnitude) * 5.192296858534828e33f);
        uint value = (bits & 0x7C00) == 0x7C00 ? magnitude | 0x7F800000u : scaled;
        return Interop.IntAsFloat(value | ((bits & 0x8000) << 16));
    }

    /// <summary>An fp8 value of 4 exponent and 3 mantissa bits ("fn": all ones is NaN, no infinities), exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FromE4M3(uint bits)
    {
        uint scaled = Interop.FloatAsInt(Interop.IntAsFloat((bits & 0x7F) << 20) * 1.329227995784916e36f);
        uint value = (bits & 0x7F) == 0x7F ? 0x7FC00000u : scaled;
        return Interop.IntAsFloat(value | ((bits & 0x80) << 24));
    }

    /// <summary>An fp8 value of 5 exponent and 2 mantissa bits, exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FromE5M2(uint bits) => FromF16(bits << 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float PowerOfTwo(int exponent) => Interop.IntAsFloat((uint)(exponent + 127) << 23);
}
