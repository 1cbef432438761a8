using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>Eight values per thread; the ids travel with the call.</content>
public static partial class Embedding
{
    const int GroupSize = 128;

    static readonly StoredKernels<Action<AcceleratorStream, KernelConfig, ArrayView<byte>, ArrayView<int>, ArrayView<float>, int, int, float>> s_rows =
        new(typeof(Embedding), nameof(Rows), GroupSize);

    static void GpuRows(Device device, Weight table, ReadOnlySpan<int> ids, Tensor y)
    {
        if (y.Count == 0)
        {
            return;
        }

        var gpu = (GpuDevice)device;
        using var map = new RowMap(device, ids);
        long eights = (table.Columns + 7L) / 8 * ids.Length;
        s_rows[table.Type].On(gpu)(
            gpu.Stream, Grids.Linear(eights, GroupSize), gpu.View<byte>(table.Storage), gpu.View(map), gpu.View(y), ids.Length, table.Columns, table.Scale);
    }

    static void Rows<TStored>(ArrayView<byte> table, ArrayView<int> ids, ArrayView<float> y, int rows, int columns, float scale)
        where TStored : struct, IStored
    {
        int eights = (columns + 7) / 8;
        for (long i = Grids.First; i < (long)rows * eights; i += Grids.Stride)
        {
            long row = i / eights;
            int c = (int)(i % eights) * 8;
            int count = columns - c;
            var v = TStored.Eight(table, ((long)ids[row] * columns) + c, count, columns % 8 == 0);
            StoredF32.Store(y, (row * columns) + c, count, F8.Scale(scale, v));
        }
    }
}
