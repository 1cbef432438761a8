using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>Bytes travel four to a word, because a device writes whole words.</content>
public static partial class PixelRange
{
    const int GroupSize = 256;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, long>> s_unit =
        new(typeof(PixelRange), nameof(Unit), GroupSize);

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<uint>, long>> s_pack =
        new(typeof(PixelRange), nameof(Pack), GroupSize);

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<uint>, ArrayView<float>, long>> s_unpack =
        new(typeof(PixelRange), nameof(Unpack), GroupSize);

    static void GpuUnit(Device device, Tensor x)
    {
        var gpu = (GpuDevice)device;
        s_unit.On(gpu)(gpu.Stream, Grids.Linear(x.Count, GroupSize), gpu.View(x), x.Count);
    }

    static void GpuBytes(Device device, Tensor x, Span<byte> bytes, Workspace scratch)
    {
        var gpu = (GpuDevice)device;
        var words = Words(scratch, x.Count);
        s_pack.On(gpu)(gpu.Stream, Grids.Linear(words.Count, GroupSize), gpu.View(x), gpu.View(words).Cast<uint>(), x.Count);
        gpu.Download(words.Storage, words.ByteOffset, bytes);
    }

    static void GpuPixels(Device device, ReadOnlySpan<byte> bytes, Tensor y, Workspace scratch)
    {
        var gpu = (GpuDevice)device;
        var words = Words(scratch, y.Count);
        gpu.Upload(bytes, words.Storage, words.ByteOffset);
        s_unpack.On(gpu)(gpu.Stream, Grids.Linear(y.Count, GroupSize), gpu.View(words).Cast<uint>(), gpu.View(y), y.Count);
    }

    static Tensor Words(Workspace scratch, long bytes) => scratch.Take([checked((int)((bytes + 3) / 4))]);

    static void Unit(ArrayView<float> x, long count)
    {
        for (long i = Grids.First; i < count; i += Grids.Stride)
        {
            float unit = (x[i] * 0.5f) + 0.5f;
            x[i] = unit > 0 ? (unit < 1 ? unit : 1) : 0;
        }
    }

    static void Pack(ArrayView<float> x, ArrayView<uint> words, long count)
    {
        for (long i = Grids.First; i < words.Length; i += Grids.Stride)
        {
            uint word = 0;
            for (int k = 0; k < 4; k++)
            {
                long at = (4 * i) + k;
                if (at < count)
                {
                    word |= (uint)(int)((x[at] * 255) + 0.5f) << (8 * k);
                }
            }

            words[i] = word;
        }
    }

    static void Unpack(ArrayView<uint> words, ArrayView<float> y, long count)
    {
        for (long i = Grids.First; i < count; i += Grids.Stride)
        {
            int value = (int)((words[i >> 2] >> (int)(8 * (i & 3))) & 255);
            y[i] = (2 * (value / 255f)) - 1;
        }
    }
}
