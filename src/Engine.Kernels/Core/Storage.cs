using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>A block of memory on a device. Disposing it gives the memory back at once.</summary>
/// <remarks>On a dry-run device the block has a size but no memory behind it.</remarks>
public sealed unsafe class Storage : IDisposable
{
    /// <summary>Alignment of every block, bytes: a cache line, and the widest vector.</summary>
    public const int Alignment = 64;

    void* _address;

    internal Storage(Device device, long bytes)
    {
        Device = device;
        Bytes = bytes;
        if (device.IsDry)
        {
            return;
        }

        _address = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, Alignment), Alignment);
        GC.AddMemoryPressure(Math.Max(bytes, Alignment));
    }

    /// <summary>Wraps memory that someone else owns and frees.</summary>
    internal Storage(Device device, byte* address, long bytes)
    {
        Device = device;
        Bytes = bytes;
        _address = address;
        _freed = true;
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees a block that was never disposed.</summary>
    ~Storage() => Free();

    /// <summary>The device that owns the block.</summary>
    public Device Device { get; }

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>First byte, in host memory; null on a dry-run device.</summary>
    /// <exception cref="ObjectDisposedException">The block was disposed.</exception>
    public byte* Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(_address is null && !Device.IsDry, this);
            return (byte*)_address;
        }
    }

    /// <summary>Frees the memory. Views of it must not be used afterwards.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    void Free()
    {
        if (_freed)
        {
            return;
        }

        _freed = true;
        Device.Released(Bytes);
        if (_address is not null)
        {
            NativeMemory.AlignedFree(_address);
            GC.RemoveMemoryPressure(Math.Max(Bytes, Alignment));
            _address = null;
        }
    }

    bool _freed;
}
