using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <content>Vector forms: every activation but the erf one is v times a sigmoid, so nothing cancels.</content>
static unsafe partial class ActivationMath
{
    // 2 sqrt(2/pi) and that times 0.044715: 0.5 (1 + tanh(u)) = 1 / (1 + exp(-2u)).
    const float TanhLinear = 1.5957691216057308f;
    const float TanhCubic = 0.07135481282553304f;
    const float QuickFactor = 1.702f;

    /// <summary>Applies an activation to <paramref name="count"/> values in place.</summary>
    /// <param name="isa">Instruction set.</param>
    /// <param name="activation">The function.</param>
    /// <param name="y">Values.</param>
    /// <param name="count">Number of values.</param>
    public static void Apply(Isa isa, Activation activation, float* y, long count)
    {
        switch (activation)
        {
            case Activation.None:
                return;
            case Activation.GeluErf:
                ErfGated(y, count);
                return;
        }

        // The argument of the sigmoid is v (linear + cubic v^2).
        float linear = activation switch
        {
            Activation.GeluTanh => TanhLinear,
            Activation.QuickGelu => QuickFactor,
            _ => 1,
        };
        float cubic = activation == Activation.GeluTanh ? TanhCubic : 0;
        long done = isa == Isa.Avx512 ? Gated512(y, count, linear, cubic) : 0;
        Gated256(y + done, count - done, linear, cubic);
    }

    // v / (1 + exp(-v (linear + cubic v^2))); returns how many values it did, a multiple of 16.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static long Gated512(float* y, long count, float linear, float cubic)
    {
        var one = Vector512<float>.One;
        var a = Vector512.Create(-linear);
        var b = Vector512.Create(-cubic);
        long i = 0;
        for (; i <= count - 16; i += 16)
        {
            var v = Vector512.Load(y + i);
            var z = v * Vector512.MultiplyAddEstimate(v * v, b, a);
            (v / (one + VectorMath.Exp(z))).Store(y + i);
        }

        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Gated256(float* y, long count, float linear, float cubic)
    {
        var one = Vector256<float>.One;
        var a = Vector256.Create(-linear);
        var b = Vector256.Create(-cubic);
        for (long i = 0; i < count; i += 8)
        {
            var v = LoadUpTo8(y + i, count - i);
            var z = v * Vector256.MultiplyAddEstimate(v * v, b, a);
            StoreUpTo8(v / (one + VectorMath.Exp(z)), y + i, count - i);
        }
    }

    // v Phi(v) = v erfc(-v / sqrt(2)) / 2.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void ErfGated(float* y, long count)
    {
        for (long i = 0; i < count; i += 8)
        {
            var v = LoadUpTo8(y + i, count - i);
            var half = Vector256.Create(0.5f) * VectorMath.Erfc(Vector256.Abs(v) * Vector256.Create(0.707106781f));
            var phi = Vector256.ConditionalSelect(Vector256.LessThan(v, Vector256<float>.Zero), half, Vector256<float>.One - half);
            StoreUpTo8(v * phi, y + i, count - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> LoadUpTo8(float* from, long count)
    {
        return count >= 8 ? Vector256.Load(from) : Slow(from, (int)count);

        static Vector256<float> Slow(float* from, int count)
        {
            float* padded = stackalloc float[8];
            Unsafe.InitBlockUnaligned(padded, 0, 8 * sizeof(float));
            Unsafe.CopyBlockUnaligned(padded, from, (uint)count * sizeof(float));
            return Vector256.Load(padded);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreUpTo8(Vector256<float> values, float* to, long count)
    {
        if (count >= 8)
        {
            values.Store(to);
            return;
        }

        Slow(values, to, (int)count);

        static void Slow(Vector256<float> values, float* to, int count)
        {
            float* padded = stackalloc float[8];
            values.Store(padded);
            Unsafe.CopyBlockUnaligned(to, padded, (uint)count * sizeof(float));
        }
    }
}
