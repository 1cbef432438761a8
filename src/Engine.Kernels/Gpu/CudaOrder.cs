using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Engine.Kernels.Gpu;

/// <summary>Makes one CUDA stream wait for another, which ILGPU has no call for.</summary>
sealed partial class CudaOrder : IDisposable
{
    readonly CudaAccelerator _accelerator;
    readonly nint _event;

    public CudaOrder(CudaAccelerator accelerator)
    {
        _accelerator = accelerator;
        accelerator.Bind();
        CudaException.ThrowIfFailed(CudaAPI.CurrentAPI.CreateEvent(out _event, CudaEventFlags.CU_EVENT_DISABLE_TIMING));
    }

    /// <summary>Work given to <paramref name="waiter"/> from now on begins after what <paramref name="producer"/> was given so far.</summary>
    public void Wait(AcceleratorStream waiter, AcceleratorStream producer)
    {
        _accelerator.Bind();
        CudaException.ThrowIfFailed(CudaAPI.CurrentAPI.RecordEvent(_event, ((CudaStream)producer).StreamPtr));
        CudaException.ThrowIfFailed((CudaError)StreamWaitEvent(((CudaStream)waiter).StreamPtr, _event, 0));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _accelerator.Bind();
        CudaException.ThrowIfFailed(CudaAPI.CurrentAPI.DestroyEvent(_event));
    }

    [LibraryImport("cuda", EntryPoint = "cuStreamWaitEvent")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StreamWaitEvent(nint stream, nint waitedFor, uint flags);
}
