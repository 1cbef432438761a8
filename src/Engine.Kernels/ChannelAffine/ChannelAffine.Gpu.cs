using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One value per thread at a time.</content>
public static partial class ChannelAffine
{
    const int GroupSize = 256;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, long, long, int>> s_map =
        new(typeof(ChannelAffine), nameof(Strided), GroupSize);

    static void GpuStrided(Device device, Tensor x, Tensor shift, Tensor factor, bool inverse)
    {
        var gpu = (GpuDevice)device;
        s_map.On(gpu)(
            gpu.Stream, Grids.Linear(x.Count, GroupSize), gpu.View(x), gpu.View(shift), gpu.View(factor), x.Count / x.Shape[0], x.Count, inverse ? 1 : 0);
    }

    static void Strided(ArrayView<float> x, ArrayView<float> shift, ArrayView<float> factor, long run, long count, int inverse)
    {
        for (long i = Grids.First; i < count; i += Grids.Stride)
        {
            long c = i / run;
            x[i] = inverse != 0 ? (x[i] / factor[c]) + shift[c] : (x[i] - shift[c]) * factor[c];
        }
    }
}
