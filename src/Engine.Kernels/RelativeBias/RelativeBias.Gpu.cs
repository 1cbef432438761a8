using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One value per thread; the buckets of all offsets are found on the host, where the rounding is the original's, and travel with the call.</content>
public static unsafe partial class RelativeBias
{
    const int GroupSize = 256;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<int>, ArrayView<float>, int, int>> s_values =
        new(typeof(RelativeBias), nameof(Values), GroupSize);

    static void GpuValues(Device device, Tensor table, int length, int maxDistance, Tensor y)
    {
        if (y.Count == 0)
        {
            return;
        }

        var gpu = (GpuDevice)device;
        var buckets = new int[(2 * length) - 1];
        for (int i = 0; i < buckets.Length; i++)
        {
            buckets[i] = Bucket(i - (length - 1), table.Rows, maxDistance);
        }

        using var map = new RowMap(device, buckets);
        s_values.On(gpu)(gpu.Stream, Grids.Linear(y.Count, GroupSize), gpu.View(table), gpu.View(map), gpu.View(y), length, table.Columns);
    }

    static void Values(ArrayView<float> table, ArrayView<int> buckets, ArrayView<float> y, int length, int heads)
    {
        for (long at = Grids.First; at < y.Length; at += Grids.Stride)
        {
            long row = at / length;
            int j = (int)(at % length);
            int i = (int)(row % length);
            int head = (int)(row / length);
            y[at] = table[((long)buckets[j - i + length - 1] * heads) + head];
        }
    }
}
