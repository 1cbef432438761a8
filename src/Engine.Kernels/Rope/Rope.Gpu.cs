using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One thread per pair.</content>
public static partial class Rope
{
    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, RowBlocks>> s_pairs =
        new(typeof(Rope), nameof(PairPerThread), RowBlocks.GroupSize);

    static void GpuPairPerThread(Device device, Tensor x, Tensor cos, Tensor sin, int heads)
    {
        if (x.Count > 0)
        {
            var gpu = (GpuDevice)device;
            var pairs = new RowBlocks(heads * cos.Columns);
            s_pairs.On(gpu)(gpu.Stream, pairs.Config(x.Rows), gpu.View(x), gpu.View(cos), gpu.View(sin), cos.Columns, pairs);
        }
    }

    static void PairPerThread(ArrayView<float> x, ArrayView<float> cos, ArrayView<float> sin, int half, RowBlocks pairs)
    {
        int pair = pairs.Column;
        if (pair >= pairs.Columns)
        {
            return;
        }

        int row = pairs.Row;
        long angle = ((long)row * half) + (pair % half);
        long at = 2 * (((long)row * pairs.Columns) + pair);
        float c = cos[angle];
        float s = sin[angle];
        float a = x[at];
        float b = x[at + 1];
        x[at] = (a * c) - (b * s);
        x[at + 1] = (a * s) + (b * c);
    }
}
