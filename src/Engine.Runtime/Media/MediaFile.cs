using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>Opening of input files, with errors that name them.</summary>
static class MediaFile
{
    // A picture of the largest accepted size, uncompressed with alpha, and some room.
    const long MaxPictureBytes = 256_000_000;

    /// <summary>Opens for reading, shared.</summary>
    /// <exception cref="EngineException">There is no such file, or it cannot be opened.</exception>
    public static FileStream Open(string path, string what)
    {
        try
        {
            if (Directory.Exists(path))
            {
                throw new EngineException(ErrorKind.BadInput, $"The {what} {path} is a folder; name a file.");
            }

            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new EngineException(ErrorKind.BadInput, $"There is no {what} {path}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new EngineException(ErrorKind.BadInput, $"The {what} {path} cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Reads a whole picture file.</summary>
    /// <exception cref="EngineException">There is no such file, it cannot be read, or it is too large for a picture.</exception>
    public static byte[] ReadAll(string path, string what)
    {
        using var file = Open(path, what);
        try
        {
            // A pipe or a device has no length worth asking for.
            long length = file.CanSeek ? file.Length : throw new EngineException(ErrorKind.BadInput, $"The {what} {path} is not a plain file.");
            if (length > MaxPictureBytes)
            {
                throw new EngineException(ErrorKind.BadInput, $"The {what} {path} is {length} bytes, more than the {MaxPictureBytes} allowed for a picture.");
            }

            var bytes = new byte[length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (IOException e)
        {
            throw new EngineException(ErrorKind.BadInput, $"The {what} {path} cannot be read: {e.Message}", e);
        }
    }
}
