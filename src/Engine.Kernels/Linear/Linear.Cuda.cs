using Engine.Kernels.Gpu;

namespace Engine.Kernels;

/// <content>Tensor cores: operands in 16-bit parts, sums in f32.</content>
public static partial class Linear
{
    // Plans of memory are made without a device too. More multiprocessors cut k into more shares; no device has many more than this.
    const int MultiprocessorsOfPlans = 144;

    static bool CudaSupports(Device device, Shape shape) => device.HasTensorCores() && CudaLinear.Supports((DType)shape[3], shape[2]);

    /// <summary>Floats of scratch that the tensor-core variant takes; 0 where it does not run.</summary>
    static int CudaScratch(Device device, Tensor x, Weight w) =>
        device.Kind == DeviceKind.Cuda && x.Rows > 0 && CudaLinear.Supports(w.Type, w.Columns)
            ? TensorCoreDevice.Floats(CudaLinear.ScratchBytes(
                w.Type, x.Rows, w.Rows, w.Columns, IsPrecise(device as GpuDevice),
                (device as GpuDevice)?.CudaQueue?.Multiprocessors ?? MultiprocessorsOfPlans))
            : 0;

    static bool IsPrecise(GpuDevice? gpu) => gpu?.ReducedPrecision != true;

    static void CudaTensorCores(Device device, in LinearCall call)
    {
        var gpu = (GpuDevice)device;
        if (!(TensorCoreDevice.IsAligned(call.X) && TensorCoreDevice.IsAligned(call.Y) && TensorCoreDevice.IsAligned(call.Bias)
            && TensorCoreDevice.IsAligned(call.Gate)))
        {
            GpuTiles(device, call);
            return;
        }

        var end = new LinearEnd
        {
            Bias = gpu.AddressOf(call.Bias),
            Gate = gpu.AddressOf(call.Gate),
            Map = gpu.AddressOf(call.Map?.Storage),
            Y = gpu.AddressOf(call.Y),
            Rows = call.X.Rows,
            Width = call.W.Rows,
            Scale = call.W.Scale,
            Activation = (int)call.Activation,
            Output = (int)call.Output,
        };
        CudaLinear.Run(
            gpu.CudaQueue!, call.W.Type, call.W.Columns, IsPrecise(gpu),
            gpu.AddressOf(call.X), gpu.AddressOf(call.W.Storage), end, gpu.AddressOf(call.Partial));
    }
}
