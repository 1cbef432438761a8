using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One thread per value; threads beside one another share a row of pixels, or of a channel.</content>
public static partial class PixelPatch
{
    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, PlaneShape, PlaneShape, int, int, RowBlocks>> s_patch =
        new(typeof(PixelPatch), nameof(PatchValue), RowBlocks.GroupSize);

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, PlaneShape, int, RowBlocks>> s_frame =
        new(typeof(PixelPatch), nameof(FrameValue), RowBlocks.GroupSize);

    static void GpuPatch(Device device, Plane pixels, Plane folded, int patch, bool fold)
    {
        var gpu = (GpuDevice)device;
        var rows = new RowBlocks(pixels.Width * pixels.Channels);
        s_patch.On(gpu)(
            gpu.Stream, rows.Config(pixels.Height), gpu.View(pixels.Values), gpu.View(folded.Values), new PlaneShape(pixels), new PlaneShape(folded), patch, fold ? 1 : 0, rows);
    }

    static void GpuFrame(Device device, Tensor first, Plane last, bool toLast)
    {
        var gpu = (GpuDevice)device;
        var rows = new RowBlocks(last.Width);
        s_frame.On(gpu)(
            gpu.Stream, rows.Config(checked(last.Channels * last.Height)), gpu.View(first), gpu.View(last.Values), new PlaneShape(last), toLast ? 1 : 0, rows);
    }

    static void PatchValue(
        ArrayView<float> pixels, ArrayView<float> folded, PlaneShape large, PlaneShape small, int patch, int fold, RowBlocks rows)
    {
        int i = rows.Column;
        if (i >= rows.Columns)
        {
            return;
        }

        int row = rows.Row;
        int column = i / large.Channels;
        int c = i % large.Channels;
        int channel = (((c * patch) + (column % patch)) * patch) + (row % patch);
        long pixel = large.Row(row) + i;
        long deep = small.Row(row / patch) + ((long)(column / patch) * small.Channels) + channel;
        if (fold != 0)
        {
            folded[deep] = pixels[pixel];
        }
        else
        {
            pixels[pixel] = folded[deep];
        }
    }

    static void FrameValue(ArrayView<float> first, ArrayView<float> last, PlaneShape plane, int toLast, RowBlocks rows)
    {
        int column = rows.Column;
        if (column >= rows.Columns)
        {
            return;
        }

        int line = rows.Row;
        int c = line / plane.Height;
        long shallow = ((long)line * plane.Width) + column;
        long deep = plane.Row(line % plane.Height) + ((long)column * plane.Channels) + c;
        if (toLast != 0)
        {
            last[deep] = first[shallow];
        }
        else
        {
            first[shallow] = last[deep];
        }
    }
}
