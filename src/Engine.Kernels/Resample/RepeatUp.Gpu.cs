using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One thread per output value.</content>
public static partial class RepeatUp
{
    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, PlaneShape, PlaneShape, RepeatShape, RowBlocks>> s_value =
        new(typeof(RepeatUp), nameof(ValuePerThread), RowBlocks.GroupSize);

    static void GpuValuePerThread(Device device, Plane x, Plane y, RepeatStep step)
    {
        var gpu = (GpuDevice)device;
        var rows = new RowBlocks(y.Width * y.Channels);
        var shape = new RepeatShape { FactorT = step.FactorT, FactorS = step.FactorS, Frame = step.Frame, Repeats = step.Repeats };
        s_value.On(gpu)(
            gpu.Stream, rows.Config(y.Height), gpu.View(x.Values), gpu.View(y.Values), new PlaneShape(x), new PlaneShape(y), shape, rows);
    }

    static void ValuePerThread(ArrayView<float> x, ArrayView<float> y, PlaneShape from, PlaneShape to, RepeatShape step, RowBlocks rows)
    {
        int i = rows.Column;
        if (i >= rows.Columns)
        {
            return;
        }

        int s = step.FactorS;
        int row = rows.Row;
        int column = i / to.Channels;
        int n = i % to.Channels;
        int index = (((((n * step.FactorT) + step.Frame) * s) + (row % s)) * s) + (column % s);
        y[to.Row(row) + i] = x[from.Row(row / s) + ((long)(column / s) * from.Channels) + (index / step.Repeats)];
    }

    /// <summary>A <see cref="RepeatStep"/> as the kernel takes it.</summary>
    struct RepeatShape
    {
        public int FactorT;
        public int FactorS;
        public int Frame;
        public int Repeats;
    }
}
