using System.Runtime.CompilerServices;
using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>Kernels for CUDA and OpenCL: how they are started, and how their sums end in y.</content>
public static partial class Linear
{
    // Bits of the number that tells a kernel its form: the activation in the lowest four, the output in the next two.
    const int OutputShift = 4;
    const int HasBias = 1 << 6;
    const int HasMap = 1 << 7;
    const int AlignedX = 1 << 8;
    const int AlignedW = 1 << 9;

    internal delegate void GpuLaunch(
        AcceleratorStream stream,
        KernelConfig config,
        ArrayView<float> x,
        ArrayView<byte> w,
        ArrayView<float> bias,
        ArrayView<float> y,
        ArrayView<float> gate,
        ArrayView<int> map,
        int rows,
        int outputs,
        int inputs,
        float scale,
        int form);

    static readonly StoredKernels<GpuLaunch> s_tiles = new(typeof(Linear), nameof(Tiles), TileThreads, minGroups: 2);
    static readonly StoredKernels<GpuLaunch> s_dots = new(typeof(Linear), nameof(Dots), DotThreads);
    static readonly StoredKernels<GpuLaunch> s_panels = new(typeof(Linear), nameof(Panels), 1);

    static void GpuTiles(Device device, in LinearCall call)
    {
        long groups = (long)Ceiling(call.X.Rows, TileSide) * Ceiling(call.W.Rows, TileSide);
        Launch(s_tiles, (GpuDevice)device, new KernelConfig(checked((int)groups), TileThreads), call);
    }

    static void GpuDots(Device device, in LinearCall call) =>
        Launch(s_dots, (GpuDevice)device, new KernelConfig(call.W.Rows, DotThreads), call);

    static void GpuPanels(Device device, in LinearCall call)
    {
        long groups = (long)Ceiling(call.X.Rows, PanelRows) * Ceiling(call.W.Rows, PanelSums.Width);
        Launch(s_panels, (GpuDevice)device, new KernelConfig(checked((int)groups), 1), call);
    }

    static void Launch(StoredKernels<GpuLaunch> kernels, GpuDevice gpu, KernelConfig config, in LinearCall call)
    {
        int form = (int)call.Activation | ((int)call.Output << OutputShift);
        form |= call.Bias.IsEmpty ? 0 : HasBias;
        form |= call.Map is null ? 0 : HasMap;
        form |= call.W.Columns % 4 == 0 && call.X.ByteOffset % 16 == 0 ? AlignedX : 0;
        form |= call.W.Columns % 8 == 0 ? AlignedW : 0;
        kernels[call.W.Type].On(gpu)(
            gpu.Stream,
            config,
            gpu.View(call.X),
            gpu.View<byte>(call.W.Storage),
            gpu.View(call.Bias),
            gpu.View(call.Y),
            gpu.View(call.Output == LinearOutput.AddGated ? call.Gate : default),
            gpu.View(call.Map),
            call.X.Rows,
            call.W.Rows,
            call.W.Columns,
            call.W.Scale,
            form);
    }

    static int Ceiling(int count, int part) => (int)(((long)count + part - 1) / part);

    /// <summary>Takes one sum on its way to y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Finish(
        float sum, int m, int n, ArrayView<float> bias, ArrayView<float> y, ArrayView<float> gate, ArrayView<int> map, int outputs, float scale, int form)
    {
        float v = sum * scale;
        if ((form & HasBias) != 0)
        {
            v += bias[n];
        }

        v = DeviceMath.Activate(form & 15, v);
        long at = ((long)m * outputs) + n;
        int output = (form >> OutputShift) & 3;
        if (output == (int)LinearOutput.Store)
        {
            y[at] = v;
        }
        else if (output == (int)LinearOutput.Add)
        {
            y[at] += v;
        }
        else if (output == (int)LinearOutput.Multiply)
        {
            y[at] *= v;
        }
        else
        {
            long row = (form & HasMap) != 0 ? map[m] : 0;
            y[at] += gate[(row * outputs) + n] * v;
        }
    }
}
