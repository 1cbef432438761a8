using Engine.Model.Vae;

namespace Engine.Runtime.Pipelines;

/// <summary>Hands frames from the job's thread to one asynchronous consumer; memory is used again frame by frame.</summary>
/// <remarks>
/// The job waits while every buffer is taken: that is how a slow consumer holds the decoder back. A frame given to the consumer is
/// taken back when it asks for the next.
/// </remarks>
sealed class FrameQueue(int capacity, int frameBytes) : IDisposable
{
    // One group of frames with the consumer, one being made.
    const int Groups = 2;

    readonly SemaphoreSlim _free = new(capacity, capacity);
    readonly SemaphoreSlim _ready = new(0);
    readonly byte[][] _buffers = new byte[capacity][];
    int _written;
    int _read;
    volatile bool _complete;
    Exception? _failure;

    /// <summary>A queue for the frames of a request.</summary>
    public static FrameQueue For(ResolvedRequest request, VaeConfig vae) => new(Groups * vae.TemporalFactor, request.Width * request.Height * 3);

    /// <summary>Bytes that such a queue takes.</summary>
    public static long Bytes(ResolvedRequest request, VaeConfig vae) => (long)Groups * vae.TemporalFactor * request.Width * request.Height * 3;

    /// <summary>Waits for a free buffer to write the next frame into; call <see cref="Publish"/> when it is filled.</summary>
    /// <exception cref="OperationCanceledException">The job was cancelled while waiting.</exception>
    public byte[] Next(CancellationToken cancel)
    {
        _free.Wait(cancel);
        return _buffers[_written % capacity] ??= new byte[frameBytes];
    }

    /// <summary>Gives the frame that was written last to the consumer.</summary>
    public void Publish()
    {
        _written++;
        _ready.Release();
    }

    /// <summary>Ends the queue, with an error or without.</summary>
    public void Complete(Exception? failure = null)
    {
        _failure = failure;
        _complete = true;
        _ready.Release();
    }

    /// <summary>Waits for the next frame; null at the end. The one before it goes back to the job.</summary>
    /// <exception cref="Exception">The job's error, once every frame before it was handed out.</exception>
    public async ValueTask<byte[]?> TakeAsync(CancellationToken cancel)
    {
        if (_read > 0)
        {
            _free.Release();
        }

        await _ready.WaitAsync(cancel).ConfigureAwait(false);
        if (_complete && _read == Volatile.Read(ref _written))
        {
            if (_failure is not null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
            }

            return null;
        }

        return _buffers[_read++ % capacity];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _free.Dispose();
        _ready.Dispose();
    }
}
