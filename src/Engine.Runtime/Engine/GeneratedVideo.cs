namespace Engine.Runtime;

/// <summary>A clip that was made: its latents (small) are kept, frames are decoded from them as they are asked for.</summary>
/// <remarks>Dispose it when the clip is saved; its engine must still be there while frames are decoded.</remarks>
public abstract class GeneratedVideo : IAsyncDisposable
{
    private protected GeneratedVideo(ResolvedRequest request) => Request = request;

    /// <summary>What was made, with nothing left open: it makes the same clip again.</summary>
    public ResolvedRequest Request { get; }

    /// <summary>Decodes the frames, in order; each is valid until the next is asked for (see <see cref="Frame"/>).</summary>
    public abstract IAsyncEnumerable<Frame> FramesAsync(IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default);

    /// <summary>Decodes the frames straight into a file, whose ending says the format.</summary>
    /// <param name="path">The file to write; it appears whole or not at all.</param>
    /// <param name="progress">Told about every frame.</param>
    /// <param name="cancel">Stops; nothing half-written stays behind.</param>
    public abstract Task SaveAsync(string path, IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default);

    /// <summary>Frees the latents.</summary>
    public abstract ValueTask DisposeAsync();
}
