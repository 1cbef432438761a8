using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Engine.Kernels.Gpu;

/// <summary>Launches kernels of the CUDA tier on a device's stream, through the driver: ILGPU has no launcher for so much shared memory.</summary>
sealed unsafe partial class CudaStreamQueue : ICudaQueue
{
    // What a group may use without being allowed to first, and the attribute that allows more.
    const int FreeSharedBytes = 48 << 10;
    const int MaxDynamicSharedBytes = 8;

    readonly GpuDevice _device;
    readonly CudaAccelerator _accelerator;
    readonly CudaStream _stream;
    readonly Dictionary<CudaKernel, ILGPU.Runtime.Cuda.CudaKernel> _loaded = new(ReferenceEqualityComparer.Instance);

    public CudaStreamQueue(GpuDevice device, CudaAccelerator accelerator, AcceleratorStream stream)
    {
        _device = device;
        _accelerator = accelerator;
        _stream = (CudaStream)stream;
    }

    /// <inheritdoc/>
    public int Multiprocessors => _accelerator.NumMultiprocessors;

    /// <inheritdoc/>
    public void Launch(CudaKernel kernel, int gridX, int gridY, void** arguments)
    {
        if (!_loaded.TryGetValue(kernel, out var loaded))
        {
            _device.Watch?.Pause();
            _loaded.Add(kernel, loaded = Load(kernel));
        }

        _device.Starting(kernel.Name);
        using var binding = _stream.BindScoped();
        CudaException.ThrowIfFailed(CudaAPI.CurrentAPI.LaunchKernel(
            loaded.FunctionPtr, gridX, gridY, 1, kernel.Threads, 1, 1, kernel.SharedBytes, _stream.StreamPtr, (nint)arguments, 0));
    }

    ILGPU.Runtime.Cuda.CudaKernel Load(CudaKernel kernel)
    {
        var loaded = (ILGPU.Runtime.Cuda.CudaKernel)KernelLoader.Load(_accelerator, kernel.Method, kernel.Specialization);
        if (kernel.SharedBytes > FreeSharedBytes)
        {
            _accelerator.Bind();
            CudaException.ThrowIfFailed((CudaError)SetFunctionAttribute(loaded.FunctionPtr, MaxDynamicSharedBytes, kernel.SharedBytes));
        }

        return loaded;
    }

    [LibraryImport("cuda", EntryPoint = "cuFuncSetAttribute")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetFunctionAttribute(nint function, int attribute, int value);
}
