using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Activation functions on CUDA, to about 1e-6 relative; the formulas of <see cref="ActivationMath"/>.</summary>
static class CudaActivation
{
    const float Log2E = 1.44269504f;
    const float TanhLinear = 1.5957691216057308f;
    const float TanhCubic = 0.07135481282553304f;

    /// <summary>The value of an <see cref="Activation"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Apply(int activation, float v)
    {
        if (activation == (int)Activation.None)
        {
            return v;
        }

        if (activation == (int)Activation.GeluErf)
        {
            return ErfGated(v);
        }

        // Every other one is v times a sigmoid of v (linear + cubic v^2).
        float linear = activation == (int)Activation.GeluTanh ? TanhLinear : activation == (int)Activation.QuickGelu ? 1.702f : 1;
        float cubic = activation == (int)Activation.GeluTanh ? TanhCubic : 0;
        float z = v * (linear + (cubic * v * v));
        return Asm.Divide(v, 1 + Asm.Exp2(-Log2E * z));
    }

    // v erfc(-v / sqrt(2)) / 2: a series near 0, exp(-u^2) t P(t) beyond; see VectorMath.Erfc.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float ErfGated(float v)
    {
        float x = (v < 0 ? -v : v) * 0.707106781f;
        float u = x * x;
        float series = 0.00012055333f;
        series = (series * u) - 0.000854832702f;
        series = (series * u) + 0.00522397763f;
        series = (series * u) - 0.0268661706f;
        series = (series * u) + 0.112837917f;
        series = (series * u) - 0.376126389f;
        series = (series * u) + 1.12837917f;
        float t = Asm.Divide(1, 1 + (0.4f * x));
        float tail = 0.0615161679f;
        tail = (tail * t) - 0.226023955f;
        tail = (tail * t) + 0.237962523f;
        tail = (tail * t) - 0.0651140634f;
        tail = (tail * t) + 0.171634372f;
        tail = (tail * t) + 0.159382087f;
        tail = (tail * t) + 0.209455754f;
        tail = (tail * t) + 0.225518803f;
        tail = (tail * t) + 0.225681643f;
        float erfc = x < 0.5f ? 1 - (x * series) : Asm.Exp2(-Log2E * u) * t * tail;
        float half = 0.5f * erfc;
        return v * (v < 0 ? half : 1 - half);
    }
}
