using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels.Gpu;

/// <summary>A block of an arena.</summary>
sealed unsafe class GpuMemory : IDeviceMemory
{
    readonly GpuArena _arena;
    bool _freed;

    internal GpuMemory(GpuArena arena, GpuArena.Slab slab, long offset, long bytes)
    {
        _arena = arena;
        Slab = slab;
        Offset = offset;
        Bytes = bytes;
    }

    /// <inheritdoc/>
    public byte* HostAddress => throw new NotSupportedException(
        "The memory of this tensor is on another device; copy its values to the host with CopyTo, or use an operation.");

    internal GpuArena.Slab Slab { get; }

    internal long Offset { get; }

    internal long Bytes { get; }

    /// <summary>Bytes of the block as values of another type.</summary>
    /// <param name="offset">First byte, a multiple of the type's size.</param>
    /// <param name="count">Number of values.</param>
    public ArrayView<T> View<T>(long offset, long count)
        where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(_freed, this);
        return Slab.Buffer.View.BaseView.SubView(Offset + offset, count * sizeof(T)).Cast<T>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_freed)
        {
            _freed = true;
            _arena.Free(this);
        }
    }
}
