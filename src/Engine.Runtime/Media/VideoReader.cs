using System.Runtime.CompilerServices;
using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>Reads the frames of a clip, one after the other. Memory does not grow with its length.</summary>
/// <remarks>
/// Y4M, animated PNG, GIF and WebP, Motion-JPEG AVI and pictures are read by the engine itself; other clips through ffmpeg.
/// </remarks>
public sealed class VideoReader
{
    // Where nothing says otherwise, as for pictures: what the Wan models make.
    const double DefaultFps = 16;

    readonly Ffmpeg? _ffmpeg;

    VideoReader(ClipInfo info, Ffmpeg? ffmpeg) => (Info, _ffmpeg) = (info, ffmpeg);

    /// <summary>What the clip is.</summary>
    public ClipInfo Info { get; }

    /// <summary>Frames per second of what <see cref="ReadAsync"/> gives when it is asked for none: the clip's own, or 16 where it has none.</summary>
    public double Fps => Info.Fps is >= 0.1 and <= 1000 ? Info.Fps.Value : DefaultFps;

    /// <summary>Opens a clip: its headers are read, no frame is decoded.</summary>
    /// <param name="path">File, folder of pictures, or numbered pictures (name_%04d.png).</param>
    /// <param name="ffmpeg">Folder of ffmpeg, the program itself, or "none"; null asks ENGINE_FFMPEG, then the PATH.</param>
    /// <exception cref="EngineException">There is no such clip, it is damaged, or it needs ffmpeg, which is missing.</exception>
    public static VideoReader Open(string path, string? ffmpeg = null)
    {
        var info = ClipInfo.Read(path, ffmpeg);
        if (HasOwnReader(info))
        {
            return new VideoReader(info, null);
        }

        var program = Ffmpeg.Find(ffmpeg, out string why);
        return program is not null || IsMotionJpeg(info)
            ? new VideoReader(info, program)
            : throw new EngineException(ErrorKind.BadInput, $"The clip {path} ({info.Container}) needs ffmpeg to be read, and {why}.");
    }

    /// <summary>Reads frames in order.</summary>
    /// <param name="fps">Frames per second wanted; null keeps the clip's. Each frame is the one that the clip shows at that time.</param>
    /// <param name="start">Frames to leave out at the beginning (counted at <paramref name="fps"/>).</param>
    /// <param name="count">Most frames to give; null gives all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="EngineException">The clip is damaged.</exception>
    public async IAsyncEnumerable<Image> ReadAsync(
        double? fps = null, int start = 0, int? count = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        double ratio = fps is { } wanted ? Fps / FrameRate.From(wanted).Value : 1;
        long end = start + (long)(count ?? int.MaxValue);
        long next = 0;
        long number = 0;
        await foreach (var image in SourceAsync(cancel).ConfigureAwait(false))
        {
            cancel.ThrowIfCancellationRequested();
            // Output frame n is shown at n / fps, when the source shows its frame floor(n * ratio); the sliver is for rounding.
            for (; (long)Math.Floor((next * ratio) + 1e-6) == number; next++)
            {
                if (next >= end)
                {
                    yield break;
                }

                if (next >= start)
                {
                    yield return image;
                }
            }

            if (next >= end)
            {
                yield break;
            }

            number++;
        }
    }

    /// <summary>Reads the last frames of a clip; only so many are kept in memory.</summary>
    /// <param name="count">How many.</param>
    /// <param name="fps">Frames per second wanted; null keeps the clip's.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The frames in order; fewer where the clip is shorter.</returns>
    /// <exception cref="EngineException">The clip is damaged.</exception>
    public async Task<IReadOnlyList<Image>> ReadLastAsync(int count, double? fps = null, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var last = new Queue<Image>(count);
        await foreach (var image in ReadAsync(fps, cancel: cancel).ConfigureAwait(false))
        {
            if (last.Count == count)
            {
                last.Dequeue();
            }

            last.Enqueue(image);
        }

        return [.. last];
    }

    static bool HasOwnReader(ClipInfo info) =>
        info.Container is "pictures" or "Y4M" or "PNG" or "GIF" or "WEBP" or "JPEG" or "BMP"
        || (IsMotionJpeg(info) && info.Metadata is not null);

    // Cameras leave out tables that every JPEG decoder of ours wants, so that their files go to ffmpeg where there is one.
    static bool IsMotionJpeg(ClipInfo info) => info is { Container: "AVI", Codec: "MJPG" };

    async IAsyncEnumerable<Image> SourceAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        if (_ffmpeg is not null)
        {
            await foreach (var image in FfmpegReader.Frames(_ffmpeg, Info.Path, FrameRate.From(Fps), cancel).ConfigureAwait(false))
            {
                yield return image;
            }

            yield break;
        }

        using var own = Own().GetEnumerator();
        while (Next(own))
        {
            yield return own.Current;
        }
    }

    IEnumerable<Image> Own() => Info.Container switch
    {
        "pictures" => PictureSequence.Open(Info.Path).Frames(),
        "Y4M" => Y4mFile.Frames(Info.Path),
        "PNG" => ApngFile.Frames(Info.Path),
        "AVI" => AviFile.Frames(Info.Path),
        _ => SkiaCodec.DecodeFrames(MediaFile.ReadAll(Info.Path, "clip"), Info.Path).Select(f => new Image(f.Frame.Width, f.Frame.Height, Pixels.OverWhite(f.Frame.Pixels))),
    };

    bool Next(IEnumerator<Image> frames)
    {
        try
        {
            return frames.MoveNext();
        }
        catch (IOException e)
        {
            throw new EngineException(ErrorKind.BadInput, $"The clip {Info.Path} cannot be read: {e.Message.TrimEnd('.')}.", e);
        }
    }
}
