using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

public static unsafe partial class ChannelNorm
{
    static void CpuVector(Device device, Plane x, Tensor gamma, bool silu, Plane y)
    {
        var split = new RowSplit(x.Height, (long)x.Width * x.Channels);
        var job = new VectorJob(x, gamma, silu, y, split);
        ((CpuDevice)device).Pool.Run(split.Parts, ref job);
    }

    readonly struct VectorJob(Plane x, Tensor gamma, bool silu, Plane y, RowSplit split) : IPartitioned
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int part)
        {
            int width = x.Width;
            int channels = x.Channels;
            float* gain = gamma.Pointer;
            float root = MathF.Sqrt(channels);
            for (int row = split.Start(part); row < split.End(part); row++)
            {
                float* from = x.At(row, 0);
                float* to = y.At(row, 0);
                for (int column = 0; column < width; column++)
                {
                    float length = MathF.Sqrt(SumOfSquares(from, channels));
                    Apply(from, to, gain, root / MathF.Max(length, (float)Smallest), channels, silu);
                    from += channels;
                    to += channels;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float SumOfSquares(float* x, int count)
    {
        Vector256<float> a = default, b = default;
        int c = 0;
        for (; c <= count - 16; c += 16)
        {
            var v = Vector256.Load(x + c);
            var w = Vector256.Load(x + c + 8);
            a += v * v;
            b += w * w;
        }

        float rest = 0;
        for (; c < count; c++)
        {
            rest += x[c] * x[c];
        }

        return Vector256.Sum(a + b) + rest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Apply(float* x, float* y, float* gain, float scale, int count, bool silu)
    {
        var scales = Vector256.Create(scale);
        int c = 0;
        for (; c <= count - 8; c += 8)
        {
            var v = Vector256.Load(x + c) * scales * Vector256.Load(gain + c);
            (silu ? Silu(v) : v).Store(y + c);
        }

        for (; c < count; c++)
        {
            float v = x[c] * scale * gain[c];
            y[c] = silu ? Silu(Vector256.CreateScalar(v)).ToScalar() : v;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Silu(Vector256<float> v) => v / (Vector256<float>.One + VectorMath.Exp(-v));
}
