using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>Every thread looks at its share and leaves one flag; the host looks at the flags.</content>
public static partial class Finite
{
    const int GroupSize = 64;
    const int Threads = 2048;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, long>> s_flags =
        new(typeof(Finite), nameof(Flags), GroupSize);

    static bool GpuFlags(Device device, Tensor x, Workspace scratch)
    {
        var gpu = (GpuDevice)device;
        var flags = scratch.Take([Threads]);
        s_flags.On(gpu)(gpu.Stream, Grids.Groups(Threads / GroupSize, GroupSize), gpu.View(x), gpu.View(flags), x.Count);
        Span<float> found = stackalloc float[Threads];
        flags.CopyTo(found);
        return !found.ContainsAnyExcept(0f);
    }

    static void Flags(ArrayView<float> x, ArrayView<float> flags, long count)
    {
        float flag = 0;
        for (long i = Grids.First; i < count; i += Grids.Stride)
        {
            // The exponent of NaN and of infinity is all ones; compilers that assume numbers cannot fold this away.
            if ((Interop.FloatAsInt(x[i]) & 0x7F800000u) == 0x7F800000u)
            {
                flag = 1;
            }
        }

        flags[Grids.First] = flag;
    }
}
