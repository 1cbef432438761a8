using System.IO.MemoryMappedFiles;

namespace Engine.Kernels;

/// <summary>A part of a file, seen as host memory that may be read but not written.</summary>
/// <remarks>
/// Its pages are those of the system's file cache: nothing is copied, and the system takes them back when memory runs short.
/// </remarks>
sealed unsafe class FileMemory : IDeviceMemory
{
    const int PopulateForReading = 22;

    readonly MemoryMappedViewAccessor _view;
    byte* _address;

    /// <summary>Maps a part of a file; reads nothing yet.</summary>
    /// <param name="file">The file; it may be closed while this is in use.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="bytes">Size, at least 1; the file must reach as far.</param>
    /// <exception cref="IOException">The system cannot map it.</exception>
    /// <exception cref="UnauthorizedAccessException">The file ends before that.</exception>
    public FileMemory(MemoryMappedFile file, long offset, long bytes)
    {
        _view = file.CreateViewAccessor(offset, bytes, MemoryMappedFileAccess.Read);
        byte* address = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref address);
        _address = address + _view.PointerOffset;
    }

    /// <inheritdoc/>
    public byte* HostAddress => _address;

    /// <summary>Brings bytes into memory, so that using them waits for no disk.</summary>
    /// <returns>False where the system has no such service, or the file cannot be read there.</returns>
    public bool Fetch(long offset, long bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        nint page = Environment.SystemPageSize;
        byte* from = (byte*)((nint)(_address + offset) & ~(page - 1));
        return HostMemory.Advise(from, (nuint)(_address + offset + bytes - from), PopulateForReading) == 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_address is not null)
        {
            _address = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
        }
    }
}
