namespace Engine.Runtime.Media;

/// <summary>Writes the frames of one clip to a temporary place. Errors of the file system come out as they are.</summary>
interface IFrameEncoder : IAsyncDisposable
{
    /// <summary>Takes one frame, [height, width, 3]; it may be reused after the call.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> rgb24, CancellationToken cancel);

    /// <summary>Writes what is left to write and closes.</summary>
    ValueTask FinishAsync(CancellationToken cancel);
}

/// <summary>An encoder of ours that writes one file.</summary>
abstract class FileEncoder : IFrameEncoder
{
    /// <summary>Creates the file.</summary>
    protected FileEncoder(string temporary, int width, int height, FrameRate rate, string? metadata)
    {
        Width = width;
        Height = height;
        Rate = rate;
        Metadata = metadata;
        File = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16);
    }

    protected int Width { get; }

    protected int Height { get; }

    protected FrameRate Rate { get; }

    protected string? Metadata { get; }

    protected FileStream File { get; }

    /// <summary>Frames written.</summary>
    protected int Frames { get; private set; }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> rgb24, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Write(rgb24.Span);
        Frames++;
        return ValueTask.CompletedTask;
    }

    public ValueTask FinishAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Finish();
        File.Flush(flushToDisk: false);
        File.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        // Closing flushes; on a full disk that fails, and the clip is being given up anyway.
        try
        {
            File.Dispose();
        }
        catch (IOException)
        {
            File.SafeFileHandle.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    protected abstract void Write(ReadOnlySpan<byte> rgb);

    protected abstract void Finish();
}
