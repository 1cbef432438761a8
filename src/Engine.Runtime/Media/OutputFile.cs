using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>Files that appear whole under their name, or not at all.</summary>
public static class OutputFile
{
    // A clip of nothing is larger than this; less room than it is as good as none.
    const long LeastFreeBytes = 1 << 20;

    /// <summary>A name beside <paramref name="path"/> for the work in progress: same folder, so that the final rename is one step; same extension.</summary>
    internal static string TemporaryFor(string path)
    {
        string full = Path.GetFullPath(Path.TrimEndingDirectorySeparator(path));
        string name = $".{Guid.NewGuid():N}.partial{Path.GetExtension(full)}";
        return Path.Combine(Path.GetDirectoryName(full) ?? full, name);
    }

    /// <summary>Checks that a file of this name could be written now, without leaving a trace.</summary>
    /// <exception cref="EngineException">The folder is missing, not writable or full, or the name is a folder's.</exception>
    public static void Check(string path)
    {
        string full = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(full) ?? full;
        if (!Directory.Exists(folder))
        {
            throw new EngineException(ErrorKind.BadOutput, $"Cannot write {path}: the folder {folder} does not exist; make it first.");
        }

        if (Directory.Exists(full))
        {
            throw new EngineException(ErrorKind.BadOutput, $"Cannot write {path}: it is a folder; name a file.");
        }

        string trial = TemporaryFor(full);
        try
        {
            using var file = new FileStream(trial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            file.WriteByte(0);
            file.Flush();
            if (FreeBytes(folder) is { } free and < LeastFreeBytes)
            {
                throw new EngineException(ErrorKind.BadOutput, $"Cannot write {path}: only {free} bytes are free on its disk.");
            }
        }
        catch (Exception e) when (IsFileTrouble(e))
        {
            throw Failed(path, e);
        }
    }

    /// <summary>Writes a file piece by piece; it appears under its name once it is whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes to a stream from its start; what it throws leaves nothing behind.</param>
    /// <exception cref="EngineException">It could not be written; what was there before is untouched.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string temporary = TemporaryFor(path);
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
            {
                write(file);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e)
        {
            Remove(temporary);
            if (IsFileTrouble(e))
            {
                throw Failed(path, e);
            }

            throw;
        }
    }

    /// <summary>Writes a whole file at once.</summary>
    /// <exception cref="EngineException">It could not be written; what was there before is untouched.</exception>
    internal static void WriteAll(string path, ReadOnlySpan<byte> bytes)
    {
        string temporary = TemporaryFor(path);
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(bytes);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (IsFileTrouble(e))
        {
            Remove(temporary);
            throw Failed(path, e);
        }
    }

    /// <summary>Removes a temporary file or folder where it is still there.</summary>
    internal static void Remove(string temporary)
    {
        try
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
            else
            {
                File.Delete(temporary);
            }
        }
        catch (Exception e) when (IsFileTrouble(e))
        {
            // The disk has just failed us; the error that led here says so, and this one would hide it.
        }
    }

    /// <summary>Whether an exception is the file system's.</summary>
    internal static bool IsFileTrouble(Exception e) => e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException;

    /// <summary>The engine's error for a failure of the file system while writing.</summary>
    internal static EngineException Failed(string path, Exception e)
    {
        string why = e switch
        {
            UnauthorizedAccessException => "no permission to write there",
            DirectoryNotFoundException => $"the folder {Path.GetDirectoryName(Path.GetFullPath(path))} does not exist; make it first",
            // The temporary file beside it could not be made, though its folder is there.
            FileNotFoundException => "no files can be made there",
            PathTooLongException => "the name is too long",
            IOException io when IsFull(io) => "there is no space left on its disk",
            _ => e.Message,
        };
        return new EngineException(ErrorKind.BadOutput, $"Cannot write {path}: {why.TrimEnd('.')}.", e);
    }

    // ENOSPC and EDQUOT on Unix, ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL on Windows.
    static bool IsFull(IOException e) =>
        (e.HResult & 0xFFFF) is 28 or 122 or 0x27 or 0x70 || e.Message.Contains("No space left", StringComparison.OrdinalIgnoreCase);

    static long? FreeBytes(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (IsFileTrouble(e))
        {
            // Some network and virtual file systems do not say; then only writing can tell.
            return null;
        }
    }
}
