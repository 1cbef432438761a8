using Engine.Kernels.Gpu;

namespace Engine.Kernels;

/// <content>Tensor cores: operands in 16-bit parts, sums in f32.</content>
public static partial class Linear
{
    // Plans are made without a device too; so many multiprocessors cut k into the most shares that they will be cut into.
    const int MultiprocessorsOfPlans = 144;

    // Operands of asynchronous copies and of vector stores begin at multiples of this.
    const int CudaAlignment = 16;

    static bool CudaSupports(Device device, Shape shape) =>
        device is GpuDevice { ComputeCapability: >= LeastTensorCores } && CudaLinear.Supports((DType)shape[3], shape[2]);

    const int LeastTensorCores = 80;

    /// <summary>Floats of scratch that the tensor-core variant takes; 0 where it does not run.</summary>
    static int CudaScratch(Device device, Tensor x, Weight w)
    {
        if (device.Kind != DeviceKind.Cuda || x.Rows <= MostDotRows || !CudaLinear.Supports(w.Type, w.Columns))
        {
            return 0;
        }

        return checked((int)(CudaPlan(device, x, w).ScratchBytes / sizeof(float)));
    }

    static CudaLinearPlan CudaPlan(Device device, Tensor x, Weight w)
    {
        var gpu = device as GpuDevice;
        return CudaLinear.Plan(w.Type, x.Rows, w.Rows, w.Columns, gpu?.ReducedPrecision != true, gpu?.CudaQueue?.Multiprocessors ?? MultiprocessorsOfPlans);
    }

    static void CudaTensorCores(Device device, in LinearCall call)
    {
        var gpu = (GpuDevice)device;
        if (call.X.ByteOffset % CudaAlignment != 0 || call.Y.ByteOffset % CudaAlignment != 0
            || call.Bias is { IsEmpty: false, ByteOffset: var bias } && bias % CudaAlignment != 0
            || call.Gate is { IsEmpty: false, ByteOffset: var gate } && gate % CudaAlignment != 0)
        {
            GpuTiles(device, call);
            return;
        }

        var end = new LinearEnd
        {
            Bias = gpu.AddressOf(call.Bias),
            Gate = call.Output == LinearOutput.AddGated ? gpu.AddressOf(call.Gate) : 0,
            Map = gpu.AddressOf(call.Map?.Storage),
            Y = gpu.AddressOf(call.Y),
            Scale = call.W.Scale,
            Activation = (int)call.Activation,
            Output = (int)call.Output,
        };
        CudaLinear.Run(
            gpu.CudaQueue!, CudaPlan(gpu, call.X, call.W), gpu.AddressOf(call.X), gpu.AddressOf(call.W.Storage), end, gpu.AddressOf(call.Partial));
    }
}
