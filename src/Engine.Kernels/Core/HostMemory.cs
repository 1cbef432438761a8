using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>Host memory, aligned to cache lines.</summary>
/// <remarks>
/// Large blocks are mapped from the system and go back to it the moment they are freed. The C library's heap would keep
/// them: glibc raises the size from which it maps as blocks are freed, and a process that reads weights block by block
/// was found to hold a tenth more than it used.
/// </remarks>
sealed unsafe partial class HostMemory : IDeviceMemory
{
    const long MappedFrom = 1 << 20;
    const int ReadWrite = 3;
    const int Private = 2;
    const int AnonymousOnLinux = 0x20;
    const int AnonymousOnMac = 0x1000;

    // Matrix products walk many rows at once, each on pages of its own: with pages of 2 MiB the processor finds them all in its
    // first table (perf/records/cpu.md). From 4 MiB on at least one such page fits wherever the block begins.
    const long HugeFrom = 4 << 20;
    const int AdviseHuge = 14;

    static readonly bool s_maps = Environment.Is64BitProcess && (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS());

    readonly long _bytes;
    readonly bool _mapped;

    /// <summary>Allocates a block, its values undefined.</summary>
    /// <exception cref="EngineException">The system has no such block.</exception>
    public HostMemory(long bytes)
    {
        _bytes = Math.Max(bytes, Storage.Alignment);
        _mapped = s_maps && _bytes >= MappedFrom;
        HostAddress = _mapped ? Mapped(_bytes) : (byte*)NativeMemory.AlignedAlloc((nuint)_bytes, Storage.Alignment);
        GC.AddMemoryPressure(_bytes);
    }

    /// <inheritdoc/>
    public byte* HostAddress { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_mapped)
        {
            _ = Unmap(HostAddress, (nuint)_bytes);
        }
        else
        {
            NativeMemory.AlignedFree(HostAddress);
        }

        HostAddress = null;
        GC.RemoveMemoryPressure(_bytes);
    }

    static byte* Mapped(long bytes)
    {
        int flags = Private | (OperatingSystem.IsLinux() ? AnonymousOnLinux : AnonymousOnMac);
        byte* address = Map(null, (nuint)bytes, ReadWrite, flags, -1, 0);
        if ((nint)address == -1)
        {
            throw new EngineException(
                ErrorKind.NoResources, $"The system has no {bytes / 1e6:F0} MB of memory left; ask for a smaller clip or give a --memory limit.");
        }

        if (bytes >= HugeFrom && OperatingSystem.IsLinux())
        {
            // A wish: the system may have no such pages, and then nothing is lost.
            _ = Advise(address, (nuint)bytes, AdviseHuge);
        }

        return address;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial byte* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    /// <summary>Tells the system how memory will be used (madvise); 0 when it took it.</summary>
    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(void* address, nuint length);
}
