using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>What a name turns into on this machine.</summary>
/// <param name="Path">File or folder that will be written; another than asked where ffmpeg is missing.</param>
/// <param name="Format">How it is stored.</param>
/// <param name="Notice">A line for the user where something had to give; null where not.</param>
public sealed record VideoTarget(string Path, VideoFormat Format, string? Notice);

/// <summary>Writes a clip, frame by frame. Memory does not grow with its length.</summary>
/// <remarks>
/// All is written under a temporary name beside the target and renamed by <see cref="CompleteAsync"/>;
/// a writer that is disposed before leaves nothing behind.
/// </remarks>
public sealed class VideoWriter : IFrameSink
{
    readonly IFrameEncoder _encoder;
    readonly string _temporary;
    readonly string? _comment;
    bool _done;
    bool _closed;

    VideoWriter(VideoTarget target, int width, int height, string temporary, string? comment, IFrameEncoder encoder)
    {
        Path = target.Path;
        Format = target.Format;
        Notice = target.Notice;
        Width = width;
        Height = height;
        _temporary = temporary;
        _comment = comment;
        _encoder = encoder;
    }

    /// <summary>File or folder that will be there in the end.</summary>
    public string Path { get; }

    /// <summary>How it is stored.</summary>
    public VideoFormat Format { get; }

    /// <summary>A line for the user where something had to give (no ffmpeg, another codec, an odd size); null where not.</summary>
    public string? Notice { get; }

    /// <summary>Width of a frame, pixels.</summary>
    public int Width { get; }

    /// <summary>Height of a frame, pixels.</summary>
    public int Height { get; }

    /// <summary>Frames taken so far.</summary>
    public int Frames { get; private set; }

    /// <summary>Checks, without leaving a trace, that a clip can be written under this name; meant for before the work begins.</summary>
    /// <param name="path">File or folder; its extension says the format. See <see cref="VideoFormat"/>.</param>
    /// <param name="ffmpeg">Folder of ffmpeg, the program itself, or "none"; null asks ENGINE_FFMPEG, then the PATH.</param>
    /// <exception cref="EngineException">The format is not known (BadRequest), or the place cannot be written (BadOutput).</exception>
    public static VideoTarget CheckWritable(string path, string? ffmpeg = null)
    {
        var target = Resolve(path, ffmpeg, out _);
        OutputFile.Check(target.Format == VideoFormat.PngSequence ? Probe(SequenceName.Parse(target.Path)) : target.Path);
        return target;

        // The folder of a sequence is made where it is missing, but not the one it lies in.
        static string Probe(SequenceName name) => Directory.Exists(name.Folder) ? System.IO.Path.Combine(name.Folder, name.File(0)) : name.Folder;
    }

    /// <summary>Starts a clip.</summary>
    /// <param name="path">File or folder; its extension says the format. See <see cref="VideoFormat"/>.</param>
    /// <param name="width">Width, pixels.</param>
    /// <param name="height">Height, pixels.</param>
    /// <param name="fps">Frames per second.</param>
    /// <param name="metadata">Stored in the file.</param>
    /// <param name="ffmpeg">Folder of ffmpeg, the program itself, or "none"; null asks ENGINE_FFMPEG, then the PATH.</param>
    /// <exception cref="EngineException">The format is not known or the frame rate is out of range (BadRequest), or the place cannot be written (BadOutput).</exception>
    public static VideoWriter Create(string path, int width, int height, double fps, ClipMetadata? metadata = null, string? ffmpeg = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        var rate = FrameRate.From(fps);
        string? comment = metadata?.ToJson();
        var target = Resolve(path, ffmpeg, out var program);
        (string Arguments, string? Notice)? choice = program is null ? null : FfmpegFormats.Choose(target.Format, program, width, height);
        if (program is not null)
        {
            target = choice is { } made ? target with { Notice = made.Notice } : Instead(path, $"this ffmpeg has no encoder for {System.IO.Path.GetExtension(path)}");
        }

        string temporary = OutputFile.TemporaryFor(target.Format == VideoFormat.PngSequence ? SequenceName.Parse(target.Path).Folder : target.Path);
        try
        {
            IFrameEncoder encoder = target.Format switch
            {
                VideoFormat.Avi => new AviEncoder(temporary, width, height, rate, comment),
                VideoFormat.Apng => new ApngEncoder(temporary, width, height, rate, comment),
                VideoFormat.Y4m => new Y4mEncoder(temporary, width, height, rate),
                VideoFormat.PngSequence => new PngSequenceEncoder(temporary, SequenceName.Parse(target.Path), width, height, comment),
                _ => new FfmpegEncoder(program!, Claim(temporary), width, height, rate, choice!.Value.Arguments, target.Format == VideoFormat.Gif ? null : comment),
            };
            return new VideoWriter(target, width, height, temporary, comment, encoder);
        }
        catch (Exception e) when (OutputFile.IsFileTrouble(e))
        {
            OutputFile.Remove(temporary);
            throw OutputFile.Failed(target.Path, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> rgb24, CancellationToken cancel = default)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rgb24.Length, Width * Height * 3, nameof(rgb24));
        cancel.ThrowIfCancellationRequested();
        try
        {
            await _encoder.WriteAsync(rgb24, cancel).ConfigureAwait(false);
            Frames++;
        }
        catch (Exception e) when (OutputFile.IsFileTrouble(e))
        {
            throw OutputFile.Failed(Path, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask CompleteAsync(CancellationToken cancel = default)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (Frames == 0)
        {
            throw new EngineException(ErrorKind.BadOutput, $"Cannot write {Path}: the clip has no frames.");
        }

        cancel.ThrowIfCancellationRequested();
        try
        {
            await _encoder.FinishAsync(cancel).ConfigureAwait(false);
            cancel.ThrowIfCancellationRequested();
            Publish();
            _done = true;
        }
        catch (Exception e) when (OutputFile.IsFileTrouble(e))
        {
            throw OutputFile.Failed(Path, e);
        }
        catch (EngineException e) when (e.Kind == ErrorKind.BadInput)
        {
            // What ffmpeg wrote is no clip.
            throw OutputFile.Failed(Path, new IOException("ffmpeg left a damaged file", e));
        }
    }

    /// <summary>Closes; a clip that is not complete is given up and leaves nothing behind.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        await _encoder.DisposeAsync().ConfigureAwait(false);
        if (!_done)
        {
            OutputFile.Remove(_temporary);
        }
    }

    void Publish()
    {
        if (_encoder is PngSequenceEncoder sequence)
        {
            sequence.Publish();
            return;
        }

        if (Format is VideoFormat.Mp4 or VideoFormat.WebM && ClipInfo.Read(_temporary, ffmpeg: "none").Frames is var stored && !(stored >= Frames))
        {
            throw new IOException($"ffmpeg stored {stored ?? 0} of {Frames} frames");
        }

        if (Format == VideoFormat.Gif && _comment is not null)
        {
            GifFile.AddComment(_temporary, _comment);
        }

        File.Move(_temporary, Path, overwrite: true);
        if (Format == VideoFormat.Y4m && _comment is not null)
        {
            OutputFile.WriteAll(Y4mFile.MetadataPath(Path), System.Text.Encoding.ASCII.GetBytes(_comment));
        }
    }

    // Finds out at once, and in our own words, whether the place can be written; ffmpeg then overwrites the empty file.
    static string Claim(string temporary)
    {
        using var _ = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write);
        return temporary;
    }

    static VideoTarget Resolve(string path, string? setting, out Ffmpeg? ffmpeg)
    {
        ffmpeg = null;
        var format = VideoFormats.FromPath(path);
        if (!format.NeedsFfmpeg())
        {
            return new VideoTarget(path, format, null);
        }

        ffmpeg = Ffmpeg.Find(setting, out string why);
        return ffmpeg is null ? Instead(path, why) : new VideoTarget(path, format, null);
    }

    static VideoTarget Instead(string path, string why)
    {
        string other = System.IO.Path.ChangeExtension(path, ".avi");
        return new VideoTarget(other, VideoFormat.Avi, $"{Capital(why)}, so {other} (Motion-JPEG, which needs none) is written instead of {path}.");
    }

    static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
