using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <content>Eight values at a time, rows shared out over the threads.</content>
public static unsafe partial class ModulatedNorm
{
    static void CpuVector(Device device, Tensor x, Tensor shift, Tensor scale, RowMap? rows, Tensor y, float eps)
    {
        var job = new VectorJob
        {
            X = x.Pointer,
            Shift = shift.Pointer,
            Scale = scale.Pointer,
            Map = rows is null ? null : rows.Pointer,
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
        public float* Shift;
        public float* Scale;
        public int* Map;
        public float* Y;
        public int Columns;
        public float Eps;
        public RowSplit Split;

        public readonly void Run(int part)
        {
            for (int r = Split.Start(part); r < Split.End(part); r++)
            {
                float* x = X + ((long)r * Columns);
                long row = Map == null ? 0 : (long)Map[r] * Columns;
                var moments = LayerNorm.VectorMoments(x, Columns, Eps);
                Apply(x, moments, Shift + row, Scale + row, Y + ((long)r * Columns), Columns);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static void Apply(float* x, (float Mean, float Scale, float Shift) norm, float* shift, float* scale, float* y, int columns)
        {
            var means = Vector256.Create(norm.Mean);
            var scales = Vector256.Create(norm.Scale);
            var shifts = Vector256.Create(norm.Shift);
            int c = 0;
            for (; c <= columns - 8; c += 8)
            {
                var v = Vector256.MultiplyAddEstimate(Vector256.Load(x + c) - means, scales, shifts);
                var gain = Vector256.Load(scale + c) + Vector256<float>.One;
                Vector256.MultiplyAddEstimate(v, gain, Vector256.Load(shift + c)).Store(y + c);
            }

            for (; c < columns; c++)
            {
                y[c] = ((((x[c] - norm.Mean) * norm.Scale) + norm.Shift) * (scale[c] + 1)) + shift[c];
            }
        }
    }
}
