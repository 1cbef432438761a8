using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One value per thread at a time.</content>
public static partial class Select
{
    const int GroupSize = 256;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, long, long>> s_select =
        new(typeof(Select), nameof(Strided), GroupSize);

    static void GpuStrided(Device device, Tensor mask, Tensor x, Tensor y)
    {
        var gpu = (GpuDevice)device;
        s_select.On(gpu)(gpu.Stream, Grids.Linear(x.Count, GroupSize), gpu.View(mask), gpu.View(x), gpu.View(y), mask.Count, x.Count);
    }

    static void Strided(ArrayView<float> mask, ArrayView<float> x, ArrayView<float> y, long period, long count)
    {
        for (long i = Grids.First; i < count; i += Grids.Stride)
        {
            if (mask[i % period] > 0)
            {
                y[i] = x[i];
            }
        }
    }
}
