namespace Engine.Kernels.Gpu;

/// <summary>What the operations' fronts ask of a device before they choose tensor cores.</summary>
static class TensorCoreDevice
{
    // mma.sync on bf16, and asynchronous copies to shared memory.
    const int LeastCapability = 80;

    // Asynchronous copies and vector accesses begin at multiples of this.
    const int Alignment = 16;

    /// <summary>True when the device has tensor cores that the kernels know.</summary>
    public static bool HasTensorCores(this Device device) => device is GpuDevice { ComputeCapability: >= LeastCapability };

    /// <summary>True when a tensor that is given begins where vector accesses can.</summary>
    public static bool IsAligned(Tensor tensor) => tensor.IsEmpty || tensor.ByteOffset % Alignment == 0;

    /// <summary>Floats that hold so many bytes.</summary>
    public static int Floats(long bytes) => checked((int)((bytes + sizeof(float) - 1) / sizeof(float)));
}
