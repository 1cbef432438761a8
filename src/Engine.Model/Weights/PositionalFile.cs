using System.IO.MemoryMappedFiles;
using Engine.Kernels;
using Microsoft.Win32.SafeHandles;

namespace Engine.Model.Weights;

/// <summary>A file that is read by position, or mapped for the host's cores to compute from.</summary>
/// <remarks>To read is the safe way: a file that someone cuts short meanwhile is an error then, where a mapped one ends the process.</remarks>
sealed class PositionalFile : IDisposable
{
    readonly SafeFileHandle _handle;
    readonly Lazy<MemoryMappedFile> _mapped;

    PositionalFile(string path, SafeFileHandle handle, long length)
    {
        Path = path;
        _handle = handle;
        Length = length;
        _mapped = new(() => MemoryMappedFile.CreateFromFile(_handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true));
    }

    /// <summary>Path as given.</summary>
    public string Path { get; }

    /// <summary>Length when it was opened, bytes.</summary>
    public long Length { get; }

    /// <summary>Opens a regular file of at least <paramref name="minimum"/> bytes.</summary>
    /// <exception cref="WeightFileException">There is no such file, it is shorter, or it cannot be opened.</exception>
    public static PositionalFile Open(string path, long minimum)
    {
        if (Directory.Exists(path))
        {
            throw new WeightFileException(path, "this is a folder, not a file.");
        }

        var info = new FileInfo(path);
        if (!info.Exists)
        {
            throw new WeightFileException(path, "there is no such file.");
        }

        // Asked before opening: a pipe has length 0 here, and opening one would wait for a writer.
        if (info.Length < minimum)
        {
            throw new WeightFileException(path, $"the file has {info.Length} bytes; it needs at least {minimum}.");
        }

        try
        {
            var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new PositionalFile(path, handle, RandomAccess.GetLength(handle));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new WeightFileException(path, $"the file cannot be opened ({e.Message}).", e);
        }
    }

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/> on. Thread-safe.</summary>
    /// <exception cref="WeightFileException">The file ends before that, or cannot be read.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                int got = RandomAccess.Read(_handle, destination, offset);
                if (got == 0)
                {
                    throw new WeightFileException(
                        Path, $"the file ends at byte {offset}, though it had {Length} bytes when it was opened; was it cut short meanwhile?");
                }

                offset += got;
                destination = destination[got..];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WeightFileException(Path, $"reading at byte {offset} failed ({e.Message}).", e);
        }
    }

    /// <summary>A part of the file as memory of the host, which outlives this; null where the device or the system maps no files. Thread-safe.</summary>
    public Storage? Map(long offset, long bytes, CpuDevice device)
    {
        if (!device.MapsFiles)
        {
            return null;
        }

        try
        {
            return device.Map(_mapped.Value, offset, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // Some file systems map nothing, and a file that has become too short is told by reading it.
            return null;
        }
    }

    public void Dispose()
    {
        if (_mapped.IsValueCreated)
        {
            _mapped.Value.Dispose();
        }

        _handle.Dispose();
    }
}
