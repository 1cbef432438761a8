using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One thread per value.</content>
public static partial class Elementwise
{
    const int GroupSize = 256;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, float, ArrayView<float>, float, ArrayView<float>>> s_combine =
        new(typeof(Elementwise), nameof(CombineValue), GroupSize);

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>>> s_multiply =
        new(typeof(Elementwise), nameof(MultiplyValue), GroupSize);

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<int>, int, ArrayView<float>, RowBlocks>> s_gate =
        new(typeof(Elementwise), nameof(GateValue), RowBlocks.GroupSize);

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, int>> s_activate =
        new(typeof(Elementwise), nameof(ActivateValue), GroupSize);

    static void GpuCombine(Device device, Tensor a, float factorA, Tensor b, float factorB, Tensor y)
    {
        var gpu = (GpuDevice)device;
        s_combine.On(gpu)(gpu.Stream, Grids.Linear(y.Count, GroupSize), gpu.View(a), factorA, gpu.View(b), factorB, gpu.View(y));
    }

    static void GpuMultiply(Device device, Tensor x, Tensor y)
    {
        var gpu = (GpuDevice)device;
        s_multiply.On(gpu)(gpu.Stream, Grids.Linear(y.Count, GroupSize), gpu.View(x), gpu.View(y));
    }

    static void GpuGate(Device device, Tensor x, Tensor gate, RowMap? rows, Tensor y)
    {
        if (y.Count > 0)
        {
            var gpu = (GpuDevice)device;
            var blocks = new RowBlocks(y.Columns);
            s_gate.On(gpu)(
                gpu.Stream, blocks.Config(y.Rows), gpu.View(x), gpu.View(gate), gpu.View(rows), rows is null ? 0 : 1, gpu.View(y), blocks);
        }
    }

    static void GpuActivate(Device device, Tensor y, Activation activation)
    {
        var gpu = (GpuDevice)device;
        s_activate.On(gpu)(gpu.Stream, Grids.Linear(y.Count, GroupSize), gpu.View(y), (int)activation);
    }

    static void CombineValue(ArrayView<float> a, float factorA, ArrayView<float> b, float factorB, ArrayView<float> y)
    {
        for (long i = Grids.First; i < y.Length; i += Grids.Stride)
        {
            float v = factorA * a[i];
            y[i] = factorB == 0 ? v : v + (factorB * b[i]);
        }
    }

    static void MultiplyValue(ArrayView<float> x, ArrayView<float> y)
    {
        for (long i = Grids.First; i < y.Length; i += Grids.Stride)
        {
            y[i] *= x[i];
        }
    }

    static void GateValue(ArrayView<float> x, ArrayView<float> gate, ArrayView<int> map, int hasMap, ArrayView<float> y, RowBlocks blocks)
    {
        int column = blocks.Column;
        if (column < blocks.Columns)
        {
            int row = blocks.Row;
            long at = ((long)row * blocks.Columns) + column;
            long table = hasMap == 0 ? 0 : (long)map[row] * blocks.Columns;
            y[at] += gate[table + column] * x[at];
        }
    }

    static void ActivateValue(ArrayView<float> y, int activation)
    {
        for (long i = Grids.First; i < y.Length; i += Grids.Stride)
        {
            y[i] = DeviceMath.Activate(activation, y[i]);
        }
    }
}
