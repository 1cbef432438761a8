using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <content>Four pairs at a time, rows shared out over the threads.</content>
public static unsafe partial class Rope
{
    static void CpuVector(Device device, Tensor x, Tensor cos, Tensor sin, int heads)
    {
        var job = new VectorJob
        {
            X = x.Pointer,
            Cos = cos.Pointer,
            Sin = sin.Pointer,
            Heads = heads,
            Half = cos.Columns,
            Split = new RowSplit(x.Rows, x.Columns),
        };
        ((CpuDevice)device).Pool.Run(job.Split.Parts, ref job);
    }

    struct VectorJob : IPartitioned
    {
        public float* X;
        public float* Cos;
        public float* Sin;
        public int Heads;
        public int Half;
        public RowSplit Split;

        public readonly void Run(int part)
        {
            for (int l = Split.Start(part); l < Split.End(part); l++)
            {
                Row(X + ((long)l * Heads * 2 * Half), Cos + ((long)l * Half), Sin + ((long)l * Half), Heads, Half);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static void Row(float* x, float* cos, float* sin, int heads, int half)
        {
            var twice = Vector256.Create(0, 0, 1, 1, 2, 2, 3, 3);
            var swapped = Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6);
            var signs = Vector256.Create(-1f, 1, -1, 1, -1, 1, -1, 1);
            int i = 0;
            for (; i <= half - 4; i += 4)
            {
                // The angles of four pairs serve every head.
                var c = Vector256.Shuffle(Vector128.Load(cos + i).ToVector256(), twice);
                var s = Vector256.Shuffle(Vector128.Load(sin + i).ToVector256(), twice) * signs;
                float* at = x + (2 * i);
                for (int h = 0; h < heads; h++, at += 2 * half)
                {
                    var v = Vector256.Load(at);
                    Vector256.MultiplyAddEstimate(v, c, Vector256.Shuffle(v, swapped) * s).Store(at);
                }
            }

            for (; i < half; i++)
            {
                float* at = x + (2 * i);
                for (int h = 0; h < heads; h++, at += 2 * half)
                {
                    float a = at[0];
                    float b = at[1];
                    at[0] = (a * cos[i]) - (b * sin[i]);
                    at[1] = (a * sin[i]) + (b * cos[i]);
                }
            }
        }
    }
}
