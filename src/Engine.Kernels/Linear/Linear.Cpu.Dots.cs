using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <content>For a few rows: dot products along the stored rows of w, which are read once and never rearranged.</content>
public static unsafe partial class Linear
{
    // From here on packing w costs less than reading x once per row of w.
    const int MostDotRows = 8;

    // Inputs that are widened at a time: four rows of them stay in the first-level cache.
    const int DotBlock = 1024;

    // Outputs that end in y together.
    const int DotOutputs = 32;

    static void CpuDots(Device device, in LinearCall call)
    {
        var cpu = (CpuDevice)device;
        int groups = (call.W.Rows + DotOutputs - 1) / DotOutputs;
        var job = new DotsJob
        {
            On = new CpuOperands(cpu, call),
            Split = new RowSplit(groups, (long)DotOutputs * call.W.Columns),
        };
        cpu.Pool.Run(job.Split.Parts, ref job);
    }

    struct DotsJob : IPartitioned
    {
        public CpuOperands On;
        public RowSplit Split;

        [SkipLocalsInit]
        public readonly void Run(int part)
        {
            byte* memory = stackalloc byte[(((4 * DotBlock) + (MostDotRows * DotOutputs)) * sizeof(float)) + 64];
            float* widened = Storage.Align(memory);
            float* tile = widened + (4 * DotBlock);
            for (int group = Split.Start(part); group < Split.End(part); group++)
            {
                int n0 = group * DotOutputs;
                int outputs = Math.Min(DotOutputs, On.N - n0);
                for (int m0 = 0; m0 < On.M; m0 += MostDotRows)
                {
                    int rows = Math.Min(MostDotRows, On.M - m0);
                    new Span<float>(tile, rows * DotOutputs).Clear();
                    for (int n = 0; n < outputs; n += 4)
                    {
                        FourOutputs(n0 + n, Math.Min(4, outputs - n), m0, rows, widened, tile + n);
                    }

                    On.Finish(tile, m0, rows, n0, DotOutputs, first: true, last: true);
                }
            }
        }

        readonly void FourOutputs(int n, int outputs, int m0, int rows, float* widened, float* tile)
        {
            for (int k = 0; k < On.K; k += DotBlock)
            {
                int depth = Math.Min(DotBlock, On.K - k);
                float* w = widened;
                nint stride = DotBlock;
                if (On.Type == DType.F32)
                {
                    w = (float*)On.W + ((long)n * On.K) + k;
                    stride = On.K;
                }
                else
                {
                    for (int r = 0; r < outputs; r++)
                    {
                        Widening.Run(On.Type, On.W, ((long)(n + r) * On.K) + k, depth, widened + (r * DotBlock));
                    }
                }

                for (int m = 0; m < rows; m++)
                {
                    FourDots(On.X + ((long)(m0 + m) * On.K) + k, w, stride, outputs, depth, tile + (m * DotOutputs));
                }
            }
        }

        // Outputs beyond the last one repeat it, so that nothing outside the matrix is read.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static void FourDots(float* x, float* w0, nint stride, int outputs, int depth, float* sums)
        {
            float* w1 = outputs > 1 ? w0 + stride : w0;
            float* w2 = outputs > 2 ? w1 + stride : w1;
            float* w3 = outputs > 3 ? w2 + stride : w2;
            Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
            Vector256<float> t0 = default, t1 = default, t2 = default, t3 = default;
            nint k = 0;
            for (; k <= depth - 16; k += 16)
            {
                var v = Vector256.Load(x + k);
                s0 = Vector256.MultiplyAddEstimate(v, Vector256.Load(w0 + k), s0);
                s1 = Vector256.MultiplyAddEstimate(v, Vector256.Load(w1 + k), s1);
                s2 = Vector256.MultiplyAddEstimate(v, Vector256.Load(w2 + k), s2);
                s3 = Vector256.MultiplyAddEstimate(v, Vector256.Load(w3 + k), s3);
                v = Vector256.Load(x + k + 8);
                t0 = Vector256.MultiplyAddEstimate(v, Vector256.Load(w0 + k + 8), t0);
                t1 = Vector256.MultiplyAddEstimate(v, Vector256.Load(w1 + k + 8), t1);
                t2 = Vector256.MultiplyAddEstimate(v, Vector256.Load(w2 + k + 8), t2);
                t3 = Vector256.MultiplyAddEstimate(v, Vector256.Load(w3 + k + 8), t3);
            }

            float d0 = Vector256.Sum(s0 + t0);
            float d1 = Vector256.Sum(s1 + t1);
            float d2 = Vector256.Sum(s2 + t2);
            float d3 = Vector256.Sum(s3 + t3);
            for (; k < depth; k++)
            {
                d0 += x[k] * w0[k];
                d1 += x[k] * w1[k];
                d2 += x[k] * w2[k];
                d3 += x[k] * w3[k];
            }

            sums[0] += d0;
            sums[1] += d1;
            sums[2] += d2;
            sums[3] += d3;
        }
    }
}
