using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <content>The last step of every CPU variant: bias and residual are added as a pixel is written.</content>
public static unsafe partial class Convolution
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StorePixel(float* sums, float* bias, float* residual, float* y, int outputs)
    {
        int n = 0;
        if (residual is null)
        {
            for (; n <= outputs - 8; n += 8)
            {
                (Vector256.Load(sums + n) + Vector256.Load(bias + n)).Store(y + n);
            }

            for (; n < outputs; n++)
            {
                y[n] = sums[n] + bias[n];
            }

            return;
        }

        for (; n <= outputs - 8; n += 8)
        {
            (Vector256.Load(sums + n) + Vector256.Load(bias + n) + Vector256.Load(residual + n)).Store(y + n);
        }

        for (; n < outputs; n++)
        {
            y[n] = sums[n] + bias[n] + residual[n];
        }
    }
}
