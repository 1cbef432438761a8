using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>Takes the frames of a clip, in order.</summary>
/// <remarks>
/// Disposing it before <see cref="CompleteAsync"/> gives the clip up and leaves nothing behind.
/// One call at a time; a call that waits holds the producer back, which is how memory stays bounded.
/// </remarks>
public interface IFrameSink : IAsyncDisposable
{
    /// <summary>Takes one frame; it may be reused once the call is over.</summary>
    /// <param name="rgb24">[height, width, 3], 8 bits each.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="EngineException">The frame could not be written.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> rgb24, CancellationToken cancel = default);

    /// <summary>Finishes the clip: it appears under its name.</summary>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="EngineException">The clip could not be finished.</exception>
    ValueTask CompleteAsync(CancellationToken cancel = default);
}
