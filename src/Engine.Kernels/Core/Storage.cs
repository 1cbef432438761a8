namespace Engine.Kernels;

/// <summary>A block of memory on a device. Disposing it gives the memory back at once.</summary>
/// <remarks>On a dry-run device the block has a size but no memory behind it.</remarks>
public sealed unsafe class Storage : IDisposable
{
    /// <summary>Alignment of every block that was allocated, bytes: a cache line, and the widest vector. A part of a file lies as the file has it.</summary>
    public const int Alignment = 64;

    readonly IDeviceMemory? _memory;
    readonly bool _borrowed;
    bool _freed;

    internal Storage(Device device, long bytes, IDeviceMemory? memory)
    {
        Device = device;
        Bytes = bytes;
        _memory = memory;
    }

    /// <summary>Wraps memory that someone else owns and frees.</summary>
    internal Storage(Device device, byte* address, long bytes)
    {
        Device = device;
        Bytes = bytes;
        _memory = new BorrowedMemory(address);
        _borrowed = true;
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees a block that was never disposed.</summary>
    ~Storage() => Free();

    /// <summary>The device that owns the block.</summary>
    public Device Device { get; }

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>The first aligned place at or after an address, for memory on the stack.</summary>
    internal static float* Align(void* at) => (float*)(((nint)at + Alignment - 1) & ~(nint)(Alignment - 1));

    /// <summary>First byte, in host memory; null on a dry-run device.</summary>
    /// <exception cref="ObjectDisposedException">The block was disposed.</exception>
    /// <exception cref="NotSupportedException">The memory is not the host's.</exception>
    public byte* Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(_freed, this);
            return _memory is null ? null : _memory.HostAddress;
        }
    }

    /// <summary>What the device put behind the block; null on a dry-run device.</summary>
    internal IDeviceMemory? Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_freed, this);
            return _memory;
        }
    }

    /// <summary>Brings bytes of a block that is part of a file into memory, so that using them waits for no disk.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="bytes">How many.</param>
    /// <returns>False where the system has no such service, or the file cannot be read there: to read it plainly tells why.</returns>
    public bool Fetch(long offset, long bytes) => Memory is not FileMemory file || file.Fetch(offset, bytes);

    /// <summary>Frees the memory. Views of it must not be used afterwards.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    void Free()
    {
        if (_freed || _borrowed)
        {
            return;
        }

        _freed = true;
        Device.Released(Bytes);
        _memory?.Dispose();
    }
}

/// <summary>The memory behind a <see cref="Storage"/>.</summary>
unsafe interface IDeviceMemory : IDisposable
{
    /// <summary>First byte in host memory.</summary>
    /// <exception cref="NotSupportedException">The memory is not the host's.</exception>
    byte* HostAddress { get; }
}

/// <summary>Host memory that someone else frees.</summary>
sealed unsafe class BorrowedMemory(byte* address) : IDeviceMemory
{
    public byte* HostAddress { get; } = address;

    public void Dispose()
    {
    }
}
