using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One group per row; sums meet in shared memory in a fixed order.</content>
public static partial class RmsNorm
{
    const int GroupSize = 256;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, float>> s_row =
        new(typeof(RmsNorm), nameof(RowPerGroup), GroupSize);

    static void GpuRowPerGroup(Device device, Tensor x, Tensor gain, Tensor y, float eps)
    {
        var gpu = (GpuDevice)device;
        s_row.On(gpu)(gpu.Stream, Grids.Groups(x.Rows, GroupSize), gpu.View(x), gpu.View(gain), gpu.View(y), x.Columns, eps);
    }

    static void RowPerGroup(ArrayView<float> x, ArrayView<float> gain, ArrayView<float> y, int columns, float eps)
    {
        var sums = SharedMemory.Allocate<float>(GroupSize);
        long row = (long)Grid.IdxX * columns;
        float squares = 0;
        for (int c = Group.IdxX; c < columns; c += GroupSize)
        {
            float v = x[row + c];
            squares += v * v;
        }

        float total = Reductions.Sum(sums, squares, GroupSize);
        float scale = 1 / XMath.Sqrt((total / columns) + eps);
        for (int c = Group.IdxX; c < columns; c += GroupSize)
        {
            y[row + c] = x[row + c] * scale * gain[c];
        }
    }
}
