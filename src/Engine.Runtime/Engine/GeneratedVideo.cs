using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Engine.Kernels;
using Engine.Runtime.Jobs;
using Engine.Runtime.Media;
using Engine.Runtime.Pipelines;

namespace Engine.Runtime;

/// <summary>A clip that was made: its latents (small) are kept, frames are decoded from them as they are asked for.</summary>
/// <remarks>Dispose it when the clip is saved; its engine must still be there while frames are decoded.</remarks>
public sealed class GeneratedVideo : IAsyncDisposable
{
    readonly VideoEngine _engine;
    readonly ModelParts _parts;
    readonly Residency _residency;
    readonly Tensor _latent;
    readonly int _heldTo;
    readonly IPipelineObserver? _observer;

    internal GeneratedVideo(
        VideoEngine engine, ModelParts parts, ResolvedRequest request, Residency residency, Tensor latent, int heldTo, IPipelineObserver? observer)
    {
        _engine = engine;
        _parts = parts;
        Request = request;
        _residency = residency;
        _latent = latent;
        _heldTo = heldTo;
        _observer = observer;
    }

    /// <summary>What was made, with nothing left open: it makes the same clip again.</summary>
    public ResolvedRequest Request { get; }

    /// <summary>What is stored in files of this clip.</summary>
    public ClipMetadata Metadata => MetadataOf(Request);

    /// <summary>Decodes the frames, in order; each is valid until the next is asked for (see <see cref="Frame"/>).</summary>
    /// <param name="progress">Told about every frame.</param>
    /// <param name="cancel">Stops; so does leaving the loop.</param>
    public async IAsyncEnumerable<Frame> FramesAsync(
        IProgress<GenerationProgress>? progress = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, _engine.Closing);
        using var queue = FrameQueue.For(Request, _parts.Checkpoint.Vae!);
        var told = new JobProgress(Request, progress);
        var work = _engine.OnSlotAsync(() => Decode(queue, told, stop.Token), progress, stop.Token);
        try
        {
            for (int index = 0; await NextAsync(queue, work, stop.Token).ConfigureAwait(false) is { } rgb; index++)
            {
                yield return new Frame(rgb, Request.Width, Request.Height, index, TimeSpan.FromSeconds(index / Request.Fps));
            }

            told.Enter(GenerationStage.Done);
        }
        finally
        {
            // Also when the consumer leaves early: the decoder must be done with the queue before it goes.
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Decodes the frames straight into a file, whose ending says the format.</summary>
    /// <param name="path">The file to write; it appears whole or not at all.</param>
    /// <param name="progress">Told about every frame.</param>
    /// <param name="cancel">Stops; nothing half-written stays behind.</param>
    /// <returns>The file that was written; another than asked where its format needs ffmpeg and there is none.</returns>
    /// <exception cref="EngineException">The format is not known, or the file cannot be written.</exception>
    public async Task<string> SaveAsync(string path, IProgress<GenerationProgress>? progress = null, CancellationToken cancel = default)
    {
        await using var writer = VideoWriter.Create(path, Request.Width, Request.Height, Request.Fps, Metadata);
        await foreach (var frame in FramesAsync(progress, cancel).ConfigureAwait(false))
        {
            await writer.WriteAsync(frame.Rgb24, cancel).ConfigureAwait(false);
        }

        await writer.CompleteAsync(cancel).ConfigureAwait(false);
        return writer.Path;
    }

    /// <summary>True when the clip's latents can be kept beside it, for extending it later without loss.</summary>
    /// <remarks>Not where pixels were put back, nor where the clip leads up to another: then they are not those of the clip.</remarks>
    public bool HasLatents => Request is not { Task: VideoTask.Edit, Request.PasteBack: true } and not { Task: VideoTask.Extend, Direction: ExtendDirection.Backward };

    /// <summary>Writes the clip's latents beside its file; extending that file then goes on from them.</summary>
    /// <param name="clip">The file that was saved.</param>
    /// <returns>The file with the latents.</returns>
    /// <exception cref="EngineException">It could not be written.</exception>
    /// <exception cref="InvalidOperationException">This clip's latents cannot be kept; see <see cref="HasLatents"/>.</exception>
    public string SaveLatents(string clip)
    {
        if (!HasLatents)
        {
            throw new InvalidOperationException("The latents of this clip are not those of its frames.");
        }

        LatentsFile.Write(clip, _latent, _parts.Checkpoint, Request.JoinedFrames, Request.DroppedFrames, _heldTo);
        return LatentsFile.PathOf(clip);
    }

    /// <summary>Frees the latents.</summary>
    public ValueTask DisposeAsync()
    {
        _latent.Dispose();
        return ValueTask.CompletedTask;
    }

    internal static ClipMetadata MetadataOf(ResolvedRequest request)
    {
        var settings = JsonNode.Parse(VideoRequestJson.Write(WithoutPixels(request.Request)))!.AsObject();
        settings.Remove("prompt");
        settings.Remove("negative_prompt");
        settings.Remove("seed");
        settings.Remove("model");
        return new ClipMetadata
        {
            Prompt = request.Request.Prompt,
            NegativePrompt = request.UsesGuidance ? request.NegativePrompt : null,
            Seed = request.Seed,
            Model = request.ModelName,
            Settings = settings,
        };
    }

    static VideoRequest WithoutPixels(VideoRequest request) => request with
    {
        FirstFrame = request.FirstFrame?.Path is null ? null : request.FirstFrame,
        LastFrame = request.LastFrame?.Path is null ? null : request.LastFrame,
        Mask = request.Mask?.Path is null ? null : request.Mask,
        Video = request.Video?.Path is null ? null : request.Video,
        Control = request.Control?.Path is null ? null : request.Control,
        References = request.References?.All(r => r.Path is not null) == true ? request.References : null,
        Keyframes = request.Keyframes?.All(k => k.Image.Path is not null) == true ? request.Keyframes : null,
    };

    static async ValueTask<byte[]?> NextAsync(FrameQueue queue, Task<bool> work, CancellationToken cancel)
    {
        try
        {
            return await queue.TakeAsync(cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (work.IsFaulted)
        {
            // The decoder's own error says more than the cancellation that followed it.
            await work.ConfigureAwait(false);
            throw;
        }
    }

    bool Decode(FrameQueue queue, JobProgress progress, CancellationToken cancel)
    {
        try
        {
            progress.Enter(GenerationStage.Decoding);
            new FrameMaker(_parts, Request, _residency, Request.Request.HoldColour ? _heldTo : 0, _observer, queue, progress).Run(_latent, cancel);
            queue.Complete();
            return true;
        }
        catch (Exception e)
        {
            queue.Complete(e);
            throw;
        }
        finally
        {
            if (_residency.ReleaseParts)
            {
                _parts.Decoder.Release();
            }
        }
    }
}
