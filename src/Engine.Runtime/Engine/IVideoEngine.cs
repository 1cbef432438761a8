using Engine.Model.Checkpoints;
using Engine.Runtime.Planning;

namespace Engine.Runtime;

/// <summary>Makes clips. Thread-safe; models stay loaded between requests.</summary>
/// <remarks>
/// Requests beyond <see cref="VideoEngineOptions.MaxConcurrentRequests"/> wait in order. Every call validates its request before
/// any weight is read and throws <see cref="RequestException"/> naming each wrong field.
/// A cancelled call stops within one step and gives its memory back.
/// </remarks>
public interface IVideoEngine : IAsyncDisposable
{
    /// <summary>Makes a clip and hands out its frames as they are decoded; a slow consumer holds the decoder back.</summary>
    /// <returns>Frames in order; each is valid until the next is asked for (see <see cref="Frame"/>).</returns>
    IAsyncEnumerable<Frame> StreamAsync(VideoRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default);

    /// <summary>As above, with state files, previews and an observer.</summary>
    IAsyncEnumerable<Frame> StreamAsync(
        VideoRequest request, GenerationOptions options, IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default);

    /// <summary>Makes a clip's latents; frames are decoded when they are saved or read.</summary>
    Task<GeneratedVideo> GenerateAsync(VideoRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default);

    /// <summary>As above, with state files, previews and an observer.</summary>
    Task<GeneratedVideo> GenerateAsync(
        VideoRequest request, GenerationOptions options, IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default);

    /// <summary>Fills in what the request leaves open (size, frames, seed, ...) and checks it; reads no weights.</summary>
    Task<ResolvedRequest> ResolveAsync(VideoRequest request, CancellationToken cancel = default);

    /// <summary>Says what a request will take and how it would be run; reads no weights.</summary>
    Task<MemoryPlan> PlanAsync(VideoRequest request, CancellationToken cancel = default);

    /// <summary>Lists the models at hand, and which of them each tier takes on this machine; reads no weights.</summary>
    Task<ModelCatalog> ModelsAsync(CancellationToken cancel = default);

    /// <summary>Says what a model is and can do; reads no weights.</summary>
    /// <param name="model">Folder, file, or name of an installed model; null means the one the engine was set up with.</param>
    /// <param name="cancel">Stops waiting.</param>
    Task<ModelInfo> InfoAsync(string? model = null, CancellationToken cancel = default);
}
