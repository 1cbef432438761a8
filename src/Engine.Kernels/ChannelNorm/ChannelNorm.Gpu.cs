using System.Runtime.CompilerServices;
using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>
/// A team of 32 threads per pixel, whose sums meet in shared memory; or, where barriers cost more than they save, one thread per pixel.
/// </content>
public static partial class ChannelNorm
{
    const int GroupSize = 256;
    const int Team = 32;
    const int HostGroupSize = 64;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, PlaneShape, PlaneShape, int>> s_team =
        new(typeof(ChannelNorm), nameof(PixelPerTeam), GroupSize);

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, PlaneShape, PlaneShape, int>> s_thread =
        new(typeof(ChannelNorm), nameof(PixelPerThread), HostGroupSize);

    static void GpuPixelPerTeam(Device device, Plane x, Tensor gamma, bool silu, Plane y)
    {
        var gpu = (GpuDevice)device;
        int groups = ((x.Height * x.Width) + (GroupSize / Team) - 1) / (GroupSize / Team);
        s_team.On(gpu)(
            gpu.Stream, Grids.Groups(groups, GroupSize), gpu.View(x.Values), gpu.View(gamma), gpu.View(y.Values), new PlaneShape(x), new PlaneShape(y), silu ? 1 : 0);
    }

    static void GpuPixelPerThread(Device device, Plane x, Tensor gamma, bool silu, Plane y)
    {
        var gpu = (GpuDevice)device;
        int groups = ((x.Height * x.Width) + HostGroupSize - 1) / HostGroupSize;
        s_thread.On(gpu)(
            gpu.Stream, Grids.Groups(groups, HostGroupSize), gpu.View(x.Values), gpu.View(gamma), gpu.View(y.Values), new PlaneShape(x), new PlaneShape(y), silu ? 1 : 0);
    }

    static void PixelPerTeam(ArrayView<float> x, ArrayView<float> gamma, ArrayView<float> y, PlaneShape from, PlaneShape to, int silu)
    {
        var sums = SharedMemory.Allocate<float>(GroupSize);
        int thread = Group.IdxX;
        int lane = thread % Team;
        int pixel = (Grid.IdxX * (GroupSize / Team)) + (thread / Team);

        // Every thread has to meet the barriers: those past the end do the last pixel's sum again and write nothing.
        bool inside = pixel < from.Height * from.Width;
        pixel = inside ? pixel : (from.Height * from.Width) - 1;
        int channels = from.Channels;
        long at = from.Row(pixel / from.Width) + ((long)(pixel % from.Width) * channels);
        float squares = 0;
        for (int c = lane; c < channels; c += Team)
        {
            float v = x[at + c];
            squares += v * v;
        }

        sums[thread] = squares;
        Group.Barrier();
        for (int half = Team / 2; half > 0; half >>= 1)
        {
            if (lane < half)
            {
                sums[thread] += sums[thread + half];
            }

            Group.Barrier();
        }

        float scale = ScaleOf(sums[thread - lane], channels);
        long target = to.Row(pixel / from.Width) + ((long)(pixel % from.Width) * channels);
        if (inside)
        {
            for (int c = lane; c < channels; c += Team)
            {
                float v = x[at + c] * scale * gamma[c];
                y[target + c] = silu == 0 ? v : DeviceMath.Silu(v);
            }
        }
    }

    static void PixelPerThread(ArrayView<float> x, ArrayView<float> gamma, ArrayView<float> y, PlaneShape from, PlaneShape to, int silu)
    {
        int pixel = (Grid.IdxX * HostGroupSize) + Group.IdxX;
        if (pixel >= from.Height * from.Width)
        {
            return;
        }

        int channels = from.Channels;
        long at = from.Row(pixel / from.Width) + ((long)(pixel % from.Width) * channels);
        float sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
        int c = 0;
        for (; c <= channels - 4; c += 4)
        {
            sum0 += x[at + c] * x[at + c];
            sum1 += x[at + c + 1] * x[at + c + 1];
            sum2 += x[at + c + 2] * x[at + c + 2];
            sum3 += x[at + c + 3] * x[at + c + 3];
        }

        for (; c < channels; c++)
        {
            sum0 += x[at + c] * x[at + c];
        }

        float scale = ScaleOf((sum0 + sum1) + (sum2 + sum3), channels);
        long target = to.Row(pixel / from.Width) + ((long)(pixel % from.Width) * channels);
        for (c = 0; c < channels; c++)
        {
            float v = x[at + c] * scale * gamma[c];
            y[target + c] = silu == 0 ? v : DeviceMath.Silu(v);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float ScaleOf(float squares, int channels)
    {
        float length = XMath.Sqrt(squares);
        return XMath.Sqrt((float)channels) / (length > (float)Smallest ? length : (float)Smallest);
    }
}
