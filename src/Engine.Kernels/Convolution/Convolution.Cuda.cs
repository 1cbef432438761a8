using Engine.Kernels.Gpu;

namespace Engine.Kernels;

/// <content>Tensor cores: pixels and weights in bf16 parts, sums in f32.</content>
public static partial class Convolution
{
    static void CudaTensorCores(Device device, in ConvCall call)
    {
        var gpu = (GpuDevice)device;
        var (x, weight, y, residual, _) = call;
        bool aligned = TensorCoreDevice.IsAligned(x.Current.Values) && TensorCoreDevice.IsAligned(x.Previous.Values)
            && TensorCoreDevice.IsAligned(x.Oldest.Values);
        CudaConvolution.Run(
            gpu.CudaQueue!, weight.Kind, x.Current.Height, x.Current.Width, weight.Inputs, weight.Outputs,
            CudaPlaneOf(gpu, x.Current), CudaPlaneOf(gpu, x.Previous), CudaPlaneOf(gpu, x.Oldest),
            gpu.AddressOf(weight.PackedStorage), gpu.AddressOf(weight.BiasStorage),
            CudaPlaneOf(gpu, y), CudaPlaneOf(gpu, residual), aligned, precise: !gpu.ReducedPrecision);
    }

    static CudaPlane CudaPlaneOf(GpuDevice gpu, Plane plane) => plane.IsEmpty ? default : new CudaPlane(gpu.AddressOf(plane.Values), plane.Pitch, plane.Border);
}
