using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels.Gpu;

/// <summary>Sets every value of a view.</summary>
static class FillKernel
{
    const int GroupSize = 256;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, float>> s_fill = new(typeof(FillKernel), nameof(Fill), GroupSize);

    public static void Run(GpuDevice device, ArrayView<float> values, float value) =>
        s_fill.On(device)(device.Stream, Grids.Linear(values.Length, GroupSize), values, value);

    static void Fill(ArrayView<float> values, float value)
    {
        for (long i = Grids.First; i < values.Length; i += Grids.Stride)
        {
            values[i] = value;
        }
    }
}
