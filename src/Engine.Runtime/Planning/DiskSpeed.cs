using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Engine.Runtime.Planning;

/// <summary>How fast a file is read from its disk.</summary>
static partial class DiskSpeed
{
    const int PieceBytes = 16 << 20;
    const int Pieces = 4;
    const int DropPages = 4;

    /// <summary>Bytes per second, measured on a few pieces of a file, which are dropped from the system's cache first where it lets us.</summary>
    /// <returns>Null for a file that is too small to tell, or cannot be read.</returns>
    public static double? Measure(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            long length = RandomAccess.GetLength(file);
            if (length < 2L * Pieces * PieceBytes)
            {
                return null;
            }

            var buffer = new byte[PieceBytes];
            long start = 0;
            for (int i = 0; i < Pieces; i++)
            {
                // Whole pages, spread over the file.
                long at = (length - PieceBytes) / Pieces * i / 4096 * 4096;
                Forget(file, at);
                long before = Stopwatch.GetTimestamp();
                RandomAccess.Read(file, buffer, at);
                start += Stopwatch.GetTimestamp() - before;
            }

            return (double)Pieces * PieceBytes / Stopwatch.GetElapsedTime(0, start).TotalSeconds;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    static void Forget(SafeFileHandle file, long at)
    {
        if (OperatingSystem.IsLinux())
        {
            // A hint: if it is refused, the estimate is that of a cached file.
            _ = Advise(file, at, PieceBytes, DropPages);
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise64")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}
