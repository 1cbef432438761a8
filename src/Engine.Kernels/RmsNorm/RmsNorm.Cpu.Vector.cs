using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <content>Eight values at a time, rows shared out over the threads.</content>
public static unsafe partial class RmsNorm
{
    static void CpuVector(Device device, Tensor x, Tensor gain, Tensor y, float eps)
    {
        var job = new VectorJob
        {
            X = x.Pointer,
            Gain = gain.Pointer,
            Y = y.Pointer,
            Columns = x.Columns,
            Eps = eps,
            Split = new RowSplit(x.Rows, x.Columns),
        };
        ((CpuDevice)device).Pool.Run(job.Split.Parts, ref job);
    }

    struct VectorJob : IPartitioned
    {
        public float* X;
        public float* Gain;
        public float* Y;
        public int Columns;
        public float Eps;
        public RowSplit Split;

        public readonly void Run(int part)
        {
            for (int r = Split.Start(part); r < Split.End(part); r++)
            {
                Row(X + ((long)r * Columns), Gain, Y + ((long)r * Columns), Columns, Eps);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static void Row(float* x, float* gain, float* y, int columns, float eps)
        {
            var sum0 = Vector256<float>.Zero;
            var sum1 = Vector256<float>.Zero;
            int c = 0;
            for (; c <= columns - 16; c += 16)
            {
                var a = Vector256.Load(x + c);
                var b = Vector256.Load(x + c + 8);
                sum0 = Vector256.MultiplyAddEstimate(a, a, sum0);
                sum1 = Vector256.MultiplyAddEstimate(b, b, sum1);
            }

            float squares = Vector256.Sum(sum0 + sum1);
            for (; c < columns; c++)
            {
                squares += x[c] * x[c];
            }

            float scale = 1 / MathF.Sqrt((squares / columns) + eps);
            var scales = Vector256.Create(scale);
            for (c = 0; c <= columns - 8; c += 8)
            {
                (Vector256.Load(x + c) * scales * Vector256.Load(gain + c)).Store(y + c);
            }

            for (; c < columns; c++)
            {
                y[c] = x[c] * scale * gain[c];
            }
        }
    }
}
