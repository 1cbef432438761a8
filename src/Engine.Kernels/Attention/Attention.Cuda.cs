using Engine.Kernels.Gpu;

namespace Engine.Kernels;

/// <content>Tensor cores: operands in bf16 parts, scores and sums in f32.</content>
public static partial class Attention
{
    static bool CudaSupports(Device device, Shape shape) => device.HasTensorCores() && CudaAttention.Supports(shape[3]);

    /// <summary>Floats of scratch that the tensor-core variant takes; 0 where it does not run.</summary>
    static int CudaScratch(Device device, Tensor q, Tensor k, int heads, int depth) =>
        device.Kind == DeviceKind.Cuda && q.Rows > 0 && CudaAttention.Supports(depth)
            ? TensorCoreDevice.Floats(CudaPlan(device as GpuDevice, q.Rows, k.Rows, heads, depth).ScratchBytes)
            : 0;

    static CudaAttentionPlan CudaPlan(GpuDevice? gpu, int queries, int keys, int heads, int depth) =>
        CudaAttention.Plan(queries, keys, heads, depth, precise: gpu?.ReducedPrecision != true);

    static void CudaTensorCores(Device device, in AttentionCall call)
    {
        if (!(TensorCoreDevice.IsAligned(call.Q) && TensorCoreDevice.IsAligned(call.K) && TensorCoreDevice.IsAligned(call.V)
            && TensorCoreDevice.IsAligned(call.Y)))
        {
            GpuTiles(device, call);
            return;
        }

        var gpu = (GpuDevice)device;
        CudaAttention.Run(
            gpu.CudaQueue!,
            CudaPlan(gpu, call.Q.Rows, call.K.Rows, call.Heads, call.HeadDim),
            gpu.AddressOf(call.Q), gpu.AddressOf(call.K), gpu.AddressOf(call.V), gpu.AddressOf(call.Y), gpu.AddressOf(call.Bias),
            call.Scale, call.LastKeyCopies, gpu.AddressOf(call.Packed));
    }
}
