using System.Buffers;
using System.Text;
using System.Threading.Channels;
using Engine.Kernels;
using FFMpegCore;
using FFMpegCore.Pipes;

namespace Engine.Runtime.Media;

/// <summary>Writes a clip through ffmpeg, raw frames piped in.</summary>
/// <remarks>
/// A few frames at most wait for ffmpeg; beyond that the caller waits, so that memory does not grow with the clip.
/// FFMpegCore pulls from a pipe source, the engine pushes frames: a bounded channel stands between.
/// </remarks>
sealed class FfmpegEncoder : IFrameEncoder, IPipeSource
{
    const int FramesInFlight = 3;

    // What ffmpeg says when the disk fails it. Some of its formats end with exit code 0 all the same.
    static readonly string[] s_writeErrors =
    [
        "No space left", "Disk quota exceeded", "Input/output error", "File too large",
        "Error writing trailer", "Error closing file", "av_interleaved_write_frame",
    ];

    static readonly TimeSpan s_interruptGrace = TimeSpan.FromMilliseconds(300);

    readonly Channel<(byte[] Buffer, int Length)> _frames = Channel.CreateBounded<(byte[], int)>(
        new BoundedChannelOptions(FramesInFlight) { SingleReader = true, SingleWriter = true });
    readonly CancellationTokenSource _stop = new();
    readonly Lock _said = new();
    readonly string _input;
    readonly string _temporary;
    readonly string? _tags;
    readonly Task _run;
    string? _lastLine;
    string? _firstError;
    string? _writeError;

    /// <summary>Starts ffmpeg.</summary>
    /// <param name="ffmpeg">Which one.</param>
    /// <param name="temporary">File to write.</param>
    /// <param name="width">Width, pixels.</param>
    /// <param name="height">Height, pixels.</param>
    /// <param name="rate">Frames per second.</param>
    /// <param name="arguments">How to encode.</param>
    /// <param name="comment">Goes to the comment tag where the container has tags; null where not.</param>
    public FfmpegEncoder(Ffmpeg ffmpeg, string temporary, int width, int height, FrameRate rate, string arguments, string? comment)
    {
        _temporary = temporary;
        _input = $"-nostdin -f rawvideo -pix_fmt rgb24 -video_size {width}x{height} -framerate {rate}";

        // The command names the file only, within its folder: so no character of the user's folders can upset it.
        string folder = Path.GetDirectoryName(temporary)!;
        var command = FFMpegArguments.FromPipeInput(this);
        string output = $"-map 0:v {arguments}";
        if (comment is not null)
        {
            // As a file: a command line is too short for a long prompt.
            _tags = Path.ChangeExtension(temporary, ".tags");
            File.WriteAllText(_tags, $";FFMETADATA1\ncomment={Escape(comment)}\n");
            command = command.AddFileInput(Path.GetFileName(_tags), verifyExists: false, options => options.ForceFormat("ffmetadata"));
            output = $"-map_metadata 1 {output}";
        }

        var processor = command
            .OutputToFile(Path.GetFileName(temporary), overwrite: true, options => options.WithCustomArgument(output))
            .NotifyOnStandardError(Keep)
            .CancellableThrough(_stop.Token, TimeSpan.Zero);

        // Starting takes a moment (and FFMpegCore asks for the version first): not on the caller's time.
        _run = Task.Run(async () =>
        {
            try
            {
                await processor.ProcessAsynchronously(throwOnError: true, ffmpeg.Options(folder)).ConfigureAwait(false);
            }
            finally
            {
                // A writer that waits for room must not wait for ever.
                _frames.Writer.TryComplete();
            }
        });
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> rgb24, CancellationToken cancel)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(rgb24.Length);
        rgb24.CopyTo(buffer);
        try
        {
            await _frames.Writer.WriteAsync((buffer, rgb24.Length), cancel).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            await Rethrow(cancel).ConfigureAwait(false);
            throw Failure(null);
        }
    }

    public async ValueTask FinishAsync(CancellationToken cancel)
    {
        _frames.Writer.TryComplete();
        await _run.WaitAsync(cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancel.ThrowIfCancellationRequested();
        await Rethrow(cancel).ConfigureAwait(false);
        lock (_said)
        {
            if (_writeError is not null)
            {
                throw Failure(null);
            }
        }

        RemoveTags();
    }

    public async ValueTask DisposeAsync()
    {
        _frames.Writer.TryComplete(new OperationCanceledException());
        if (!_run.IsCompleted)
        {
            await _stop.CancelAsync().ConfigureAwait(false);
        }

        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (_frames.Reader.TryRead(out var frame))
        {
            ArrayPool<byte>.Shared.Return(frame.Buffer);
        }

        RemoveTags();
        _stop.Dispose();
    }

    string IPipeSource.GetStreamArguments() => _input;

    async Task IPipeSource.WriteAsync(Stream outputStream, CancellationToken cancellationToken)
    {
        await foreach (var (buffer, length) in _frames.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await outputStream.WriteAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    // Turns a failed run into the engine's error; returns where it ended well.
    async Task Rethrow(CancellationToken cancel)
    {
        try
        {
            await _run.ConfigureAwait(false);
        }
        catch (Exception e) when (e is not EngineException)
        {
            // FFMpegCore lets out what the pipe, the process and ffmpeg each throw: all of it means that the clip is not written.
            // Ctrl-C on a terminal reaches ffmpeg as well, often before it reaches us: then this is no failure but the cancellation.
            await Task.Delay(s_interruptGrace, cancel).ConfigureAwait(false);
            throw Failure(e);
        }
    }

    IOException Failure(Exception? inner)
    {
        lock (_said)
        {
            string? cause = _writeError ?? _firstError ?? _lastLine;
            return new IOException(
                _writeError?.Contains("No space left", StringComparison.Ordinal) == true
                    ? "there is no space left on its disk"
                    : $"ffmpeg ended early{(cause is null ? "" : $" and says: {cause.Trim()}")}",
                inner);
        }
    }

    void Keep(string line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (_said)
        {
            _lastLine = line;
            if (line.Contains("rror", StringComparison.Ordinal) || line.Contains("nvalid", StringComparison.Ordinal))
            {
                // The first complaint is the cause; what follows are its consequences.
                _firstError ??= line;
            }

            if (s_writeErrors.Any(sign => line.Contains(sign, StringComparison.Ordinal)))
            {
                _writeError ??= line;
            }
        }
    }

    void RemoveTags()
    {
        if (_tags is not null)
        {
            OutputFile.Remove(_tags);
        }
    }

    // ffmpeg's metadata files: these characters carry a backslash.
    static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (c is '=' or ';' or '#' or '\\' or '\n')
            {
                escaped.Append('\\');
            }

            escaped.Append(c);
        }

        return escaped.ToString();
    }
}
