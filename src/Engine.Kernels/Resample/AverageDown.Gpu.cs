using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One thread per output value, which walks the values of its mean.</content>
public static partial class AverageDown
{
    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, PlaneShape, PlaneShape, AverageShape, RowBlocks>> s_value =
        new(typeof(AverageDown), nameof(ValuePerThread), RowBlocks.GroupSize);

    static void GpuValuePerThread(Device device, Plane x, Plane y, AverageStep step)
    {
        var gpu = (GpuDevice)device;
        var rows = new RowBlocks(y.Width * y.Channels);
        var shape = new AverageShape { FactorT = step.FactorT, FactorS = step.FactorS, Frame = step.Frame, Add = step.Add ? 1 : 0, Group = step.Group };
        s_value.On(gpu)(
            gpu.Stream, rows.Config(y.Height), gpu.View(x.Values), gpu.View(y.Values), new PlaneShape(x), new PlaneShape(y), shape, rows);
    }

    static void ValuePerThread(ArrayView<float> x, ArrayView<float> y, PlaneShape from, PlaneShape to, AverageShape step, RowBlocks rows)
    {
        int column = rows.Column;
        if (column >= rows.Columns)
        {
            return;
        }

        int s = step.FactorS;
        int n = column % to.Channels;
        long left = (long)(column / to.Channels) * s * from.Channels;
        int top = rows.Row * s;
        float sum = 0;
        for (int i = n * step.Group; i < (n + 1) * step.Group; i++)
        {
            int rest = i / s / s;
            if (rest % step.FactorT == step.Frame)
            {
                sum += x[from.Row(top + (i / s % s)) + left + ((i % s) * from.Channels) + (rest / step.FactorT)];
            }
        }

        long at = to.Row(rows.Row) + column;
        float mean = sum / step.Group;
        y[at] = step.Add == 0 ? mean : y[at] + mean;
    }

    /// <summary>An <see cref="AverageStep"/> as the kernel takes it.</summary>
    struct AverageShape
    {
        public int FactorT;
        public int FactorS;
        public int Frame;
        public int Add;
        public int Group;
    }
}
