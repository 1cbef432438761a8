using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>Kernels for CUDA and OpenCL, and how they are started.</content>
public static partial class Attention
{
    // Bits of the number that tells a kernel its form.
    const int HasBias = 1;
    const int Aligned = 2;

    internal delegate void GpuLaunch(
        AcceleratorStream stream,
        KernelConfig config,
        ArrayView<float> q,
        ArrayView<float> k,
        ArrayView<float> v,
        ArrayView<float> y,
        ArrayView<float> bias,
        int queries,
        int keys,
        int heads,
        int depth,
        float factor,
        float lastKeyBonus,
        int form,
        int block);

    static readonly GpuKernel<GpuLaunch> s_tiles = new(typeof(Attention), nameof(Tiles), TileThreads, minGroups: 3);
    static readonly GpuKernel<GpuLaunch> s_panels = new(typeof(Attention), nameof(Panels), 1);

    /// <summary>True when groups read queries that others have overwritten with results, unless they read a copy.</summary>
    internal static bool NeedsCopyOfQueries(Device device, Tensor q, Tensor y, int headDim) =>
        device.Kind != DeviceKind.Cpu && headDim > TileWidth && ReferenceEquals(q.Storage, y.Storage);

    static void GpuTiles(Device device, in AttentionCall call)
    {
        var q = call.Q;
        if (!call.QueryCopy.IsEmpty)
        {
            q = call.QueryCopy;
            q.CopyFrom(call.Q);
        }

        long groups = (long)call.Heads * Parts(call.HeadDim, TileWidth) * Parts(q.Rows, TileQueries);
        Launch(s_tiles, (GpuDevice)device, new KernelConfig(checked((int)groups), TileThreads), call with { Q = q }, TileQueries);
    }

    static void GpuPanels(Device device, in AttentionCall call)
    {
        int padded = Parts(call.HeadDim, PanelSums.Width) * PanelSums.Width;
        int block = Math.Min(PanelQueries, PanelFloats / padded / 4 * 4);
        long groups = (long)call.Heads * Parts(call.Q.Rows, block);
        Launch(s_panels, (GpuDevice)device, new KernelConfig(checked((int)groups), 1), call, block);
    }

    static void Launch(GpuKernel<GpuLaunch> kernel, GpuDevice gpu, KernelConfig config, in AttentionCall call, int block)
    {
        long offsets = call.Q.ByteOffset | call.K.ByteOffset | call.V.ByteOffset;
        int form = call.Bias.IsEmpty ? 0 : HasBias;
        form |= call.HeadDim % 4 == 0 && offsets % 16 == 0 ? Aligned : 0;
        kernel.On(gpu)(
            gpu.Stream,
            config,
            gpu.View(call.Q),
            gpu.View(call.K),
            gpu.View(call.V),
            gpu.View(call.Y),
            gpu.View(call.Bias),
            call.Q.Rows,
            call.K.Rows,
            call.Heads,
            call.HeadDim,
            call.Scale * DeviceMath.Log2E,
            MathF.Log2(call.LastKeyCopies),
            form,
            block);
    }

    static int Parts(int count, int part) => (int)(((long)count + part - 1) / part);
}
