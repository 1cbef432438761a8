using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Engine.Kernels.Gpu;

/// <summary>Copies between the host and a device: uploads pass through pinned memory and do not wait for the device.</summary>
/// <remarks>
/// On CUDA uploads have a stream of their own, so that the next block's weights travel while this one computes; each side waits
/// for the other where their memory could meet. OpenCL devices have one queue for both.
/// </remarks>
sealed class GpuTransfers : IDisposable
{
    const int HalfBytes = 8 << 20;

    readonly AcceleratorStream _compute;
    readonly AcceleratorStream _uploads;
    readonly CudaOrder? _order;
    readonly PageLockedArray1D<byte>[] _halves;
    readonly bool[] _used = new bool[2];
    readonly Lock _lock = new();
    int _half;
    int _at;

    public GpuTransfers(Accelerator accelerator, AcceleratorStream compute)
    {
        _compute = compute;
        if (accelerator is CudaAccelerator cuda)
        {
            _order = new CudaOrder(cuda);
            _uploads = accelerator.CreateStream();
        }
        else
        {
            _uploads = compute;
        }

        _halves = [accelerator.AllocatePageLocked1D<byte>(HalfBytes), accelerator.AllocatePageLocked1D<byte>(HalfBytes)];
    }

    /// <summary>Copies host bytes to a device; work given to the compute stream later finds them there.</summary>
    public void Upload(ReadOnlySpan<byte> source, GpuMemory target, long offset)
    {
        lock (_lock)
        {
            _order?.Wait(_uploads, _compute);
            while (source.Length > 0)
            {
                int now = Math.Min(source.Length, Room());
                var staged = _halves[_half].Span.Slice(_at, now);
                source[..now].CopyTo(staged);
                target.View<byte>(offset, now).CopyFromCPUUnsafeAsync(_uploads, ref MemoryMarshal.GetReference(staged), now);
                _used[_half] = true;
                _at += now;
                offset += now;
                source = source[now..];
            }

            _order?.Wait(_compute, _uploads);
        }
    }

    /// <summary>Copies bytes to the host once all work on them is done.</summary>
    public unsafe void Download(GpuMemory source, long offset, Span<byte> target)
    {
        // The copy runs on after the call that starts it, so that the target must stay where it is until the stream is done.
        fixed (byte* pinned = target)
        {
            if (target.Length > 0)
            {
                source.View<byte>(offset, target.Length).CopyToCPUUnsafeAsync(_compute, ref *pinned, target.Length);
            }

            _compute.Synchronize();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach(_halves, half => half.Dispose());
        if (_order is not null)
        {
            _uploads.Dispose();
            _order.Dispose();
        }
    }

    // Bytes left in the half that is being filled; when it is full the other one is taken, once its copies have left.
    int Room()
    {
        if (_at == HalfBytes)
        {
            _half = 1 - _half;
            _at = 0;
            if (_used[_half])
            {
                _uploads.Synchronize();
                Array.Clear(_used);
            }
        }

        return HalfBytes - _at;
    }
}
