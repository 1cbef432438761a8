using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One value per thread.</content>
public static partial class Modulation
{
    const int GroupSize = 256;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int, int, int>> s_sums =
        new(typeof(Modulation), nameof(Sums), GroupSize);

    static void GpuSums(Device device, Tensor table, Tensor time, Tensor y)
    {
        if (y.Count == 0)
        {
            return;
        }

        var gpu = (GpuDevice)device;
        s_sums.On(gpu)(
            gpu.Stream,
            Grids.Linear(y.Count, GroupSize),
            gpu.View(table),
            gpu.View(time),
            gpu.View(y),
            table.Columns,
            time.Rows,
            time.Columns,
            IsShared(table, time) ? 0 : table.Columns);
    }

    static void Sums(ArrayView<float> table, ArrayView<float> time, ArrayView<float> y, int columns, int steps, int timeColumns, int kindStride)
    {
        for (long at = Grids.First; at < y.Length; at += Grids.Stride)
        {
            long row = at / columns;
            int c = (int)(at % columns);
            long kind = row / steps;
            long step = row % steps;
            y[at] = table[(kind * columns) + c] + time[(step * timeColumns) + (kind * kindStride) + c];
        }
    }
}
