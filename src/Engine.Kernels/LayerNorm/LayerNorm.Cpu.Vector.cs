using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <content>Eight values at a time, rows shared out over the threads.</content>
public static unsafe partial class LayerNorm
{
    static void CpuVector(Device device, Tensor x, Tensor y, float eps, Tensor gain, Tensor bias)
    {
        var job = new VectorJob
        {
            X = x.Pointer,
            Y = y.Pointer,
            Gain = gain.IsEmpty ? null : gain.Pointer,
            Bias = bias.IsEmpty ? null : bias.Pointer,
            Columns = x.Columns,
            Eps = eps,
            Split = new RowSplit(x.Rows, x.Columns),
        };
        ((CpuDevice)device).Pool.Run(job.Split.Parts, ref job);
    }

    /// <summary>What a row needs to be normed: norm(x) = (x - Mean) * Scale + Shift.</summary>
    /// <remarks>
    /// The second pass also sums the rest x - Mean, because the mean of values far from 0 is itself rounded: Shift puts that right.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static (float Mean, float Scale, float Shift) VectorMoments(float* x, int columns, float eps)
    {
        var sum0 = Vector256<float>.Zero;
        var sum1 = Vector256<float>.Zero;
        int c = 0;
        for (; c <= columns - 16; c += 16)
        {
            sum0 += Vector256.Load(x + c);
            sum1 += Vector256.Load(x + c + 8);
        }

        float sum = Vector256.Sum(sum0 + sum1);
        for (; c < columns; c++)
        {
            sum += x[c];
        }

        float mean = sum / columns;
        var middle = Vector256.Create(mean);
        sum0 = Vector256<float>.Zero;
        sum1 = Vector256<float>.Zero;
        var squares0 = Vector256<float>.Zero;
        var squares1 = Vector256<float>.Zero;
        for (c = 0; c <= columns - 16; c += 16)
        {
            var a = Vector256.Load(x + c) - middle;
            var b = Vector256.Load(x + c + 8) - middle;
            sum0 += a;
            sum1 += b;
            squares0 = Vector256.MultiplyAddEstimate(a, a, squares0);
            squares1 = Vector256.MultiplyAddEstimate(b, b, squares1);
        }

        float rest = Vector256.Sum(sum0 + sum1);
        float squares = Vector256.Sum(squares0 + squares1);
        for (; c < columns; c++)
        {
            float a = x[c] - mean;
            rest += a;
            squares += a * a;
        }

        rest /= columns;
        float variance = MathF.Max(0, (squares / columns) - (rest * rest));
        float scale = 1 / MathF.Sqrt(variance + eps);
        return (mean, scale, -rest * scale);
    }

    struct VectorJob : IPartitioned
    {
        public float* X;
        public float* Y;
        public float* Gain;
        public float* Bias;
        public int Columns;
        public float Eps;
        public RowSplit Split;

        public readonly void Run(int part)
        {
            for (int r = Split.Start(part); r < Split.End(part); r++)
            {
                float* x = X + ((long)r * Columns);
                var (mean, scale, shift) = VectorMoments(x, Columns, Eps);
                Apply(x, mean, scale, shift, Y + ((long)r * Columns));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        readonly void Apply(float* x, float mean, float scale, float shift, float* y)
        {
            float* gain = Gain;
            float* bias = Bias;
            int columns = Columns;
            var means = Vector256.Create(mean);
            var scales = Vector256.Create(scale);
            var shifts = Vector256.Create(shift);
            int c = 0;
            for (; c <= columns - 8; c += 8)
            {
                var v = Vector256.MultiplyAddEstimate(Vector256.Load(x + c) - means, scales, shifts);
                if (gain != null)
                {
                    v *= Vector256.Load(gain + c);
                }

                if (bias != null)
                {
                    v += Vector256.Load(bias + c);
                }

                v.Store(y + c);
            }

            for (; c < columns; c++)
            {
                float v = ((x[c] - mean) * scale) + shift;
                v = gain != null ? v * gain[c] : v;
                y[c] = bias != null ? v + bias[c] : v;
            }
        }
    }
}
