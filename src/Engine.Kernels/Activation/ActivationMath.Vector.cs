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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(Activation activation, float* y, long count)
    {
        if (activation == Activation.None)
        {
            return;
        }

        if (activation == Activation.GeluErf)
        {
            for (long i = 0; i < count; i++)
            {
                y[i] = (float)Reference(Activation.GeluErf, y[i]);
            }

            return;
        }

        long at = 0;
        for (; at <= count - 8; at += 8)
        {
            Gated(activation, Vector256.Load(y + at)).Store(y + at);
        }

        if (at < count)
        {
            float* rest = stackalloc float[8];
            new Span<float>(y + at, (int)(count - at)).CopyTo(new Span<float>(rest, 8));
            Gated(activation, Vector256.Load(rest)).Store(rest);
            new Span<float>(rest, (int)(count - at)).CopyTo(new Span<float>(y + at, (int)(count - at)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Gated(Activation activation, Vector256<float> v)
    {
        var z = activation switch
        {
            Activation.GeluTanh => v * Vector256.MultiplyAddEstimate(v * v, Vector256.Create(TanhCubic), Vector256.Create(TanhLinear)),
            Activation.QuickGelu => v * Vector256.Create(QuickFactor),
            _ => v,
        };
        return v / (Vector256<float>.One + VectorMath.Exp(-z));
    }
}
