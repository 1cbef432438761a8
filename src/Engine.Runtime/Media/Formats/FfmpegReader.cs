using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Engine.Kernels;
using FFMpegCore;
using FFMpegCore.Arguments;
using FFMpegCore.Exceptions;
using FFMpegCore.Pipes;

namespace Engine.Runtime.Media;

/// <summary>Asks ffprobe about files that the engine's own readers do not know.</summary>
static class FfmpegProbe
{
    /// <exception cref="EngineException">There is no ffprobe, or it finds no pictures in the file.</exception>
    public static ClipInfo Read(string path, string? setting)
    {
        var ffmpeg = Ffmpeg.Find(setting, out string why);
        if (ffmpeg is not { HasProbe: true })
        {
            throw new EngineException(ErrorKind.BadInput, $"The clip {path} cannot be read: it is damaged or of another kind than MP4, WebM, GIF, PNG, AVI or Y4M, and {(ffmpeg is null ? why : "there is no ffprobe")}.");
        }

        try
        {
            var analysis = FFProbe.Analyse(Path.GetFullPath(path), ffmpeg.Options(Environment.CurrentDirectory), "-protocol_whitelist file");
            if (analysis.PrimaryVideoStream is not { Width: > 0, Height: > 0 } video)
            {
                throw new EngineException(ErrorKind.BadInput, $"The clip {path} cannot be read: there are no pictures in it.");
            }

            double fps = video.AverageFrameRate > 0 ? video.AverageFrameRate : video.RealFrameRate;
            return new ClipInfo
            {
                Path = path,
                Container = analysis.Format.FormatName,
                Codec = video.CodecName,
                Width = video.Width.Value,
                Height = video.Height.Value,
                Fps = fps > 0 ? Math.Round(fps, 3) : null,
                Duration = analysis.Duration > TimeSpan.Zero ? analysis.Duration : null,
            };
        }
        catch (Exception e) when (e is FFMpegException or IOException or System.Text.Json.JsonException or FormatException or InvalidOperationException)
        {
            throw new EngineException(ErrorKind.BadInput, $"The clip {path} cannot be read: it is damaged, or not a clip.", e);
        }
    }
}

/// <summary>Reads a clip through ffmpeg, frame by frame, at a constant rate.</summary>
static class FfmpegReader
{
    const int FramesInFlight = 3;

    /// <exception cref="EngineException">The file cannot be decoded.</exception>
    public static async IAsyncEnumerable<Image> Frames(Ffmpeg ffmpeg, string path, FrameRate rate, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var frames = Channel.CreateBounded<Image>(new BoundedChannelOptions(FramesInFlight) { SingleReader = true, SingleWriter = true });
        var sink = new StreamPipeSink(async (stream, token) =>
        {
            while (await ReadPixmap(stream, token).ConfigureAwait(false) is { } image)
            {
                await frames.Writer.WriteAsync(image, token).ConfigureAwait(false);
            }
        });
        var complaints = new List<string>();
        var processor = FFMpegArguments
            .FromInput(new InputFile(path))
            // Frames at a constant rate, each with its own header, which says the size that any rotation has led to.
            .OutputToPipe(sink, options => options.WithCustomArgument(
                $"-map 0:v:0 -an -sn -vf fps={rate} -sws_flags bicubic+accurate_rnd+full_chroma_int -c:v ppm -pix_fmt rgb24 -f image2pipe"))
            .NotifyOnStandardError(line => Keep(complaints, line))
            .CancellableThrough(stop.Token);
        var run = Task.Run(
            async () =>
            {
                try
                {
                    await processor.ProcessAsynchronously(throwOnError: true, ffmpeg.Options(Environment.CurrentDirectory)).ConfigureAwait(false);
                }
                finally
                {
                    frames.Writer.TryComplete();
                }
            },
            CancellationToken.None);
        int count = 0;
        try
        {
            await foreach (var image in frames.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
            {
                count++;
                yield return image;
            }

            Exception? failure = await Outcome(run).ConfigureAwait(false);
            cancel.ThrowIfCancellationRequested();
            if (failure is not null || count == 0)
            {
                string? why;
                lock (complaints)
                {
                    why = complaints.LastOrDefault(line => line.Contains("rror", StringComparison.Ordinal) || line.Contains("nvalid", StringComparison.Ordinal)) ?? complaints.LastOrDefault();
                }

                throw new EngineException(ErrorKind.BadInput, $"The clip {path} cannot be read: {(why is null ? "it holds no frames" : $"ffmpeg says: {why.Trim().TrimEnd('.')}")}.", failure);
            }
        }
        finally
        {
            if (!run.IsCompleted)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                await Outcome(run).ConfigureAwait(false);
            }
        }
    }

    static async Task<Exception?> Outcome(Task run)
    {
        try
        {
            await run.ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is FFMpegException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            return e;
        }
    }

    static void Keep(List<string> lines, string line)
    {
        lock (lines)
        {
            if (!string.IsNullOrWhiteSpace(line) && lines.Count < 64)
            {
                lines.Add(line);
            }
        }
    }

    // A binary PPM picture: "P6", width, height, 255, each ended by white space, then the pixels.
    static async Task<Image?> ReadPixmap(Stream stream, CancellationToken cancel)
    {
        var header = new StringBuilder();
        var one = new byte[1];
        for (int spaces = 0; spaces < 4;)
        {
            if (await stream.ReadAsync(one, cancel).ConfigureAwait(false) == 0)
            {
                return null;
            }

            header.Append((char)one[0]);
            spaces += one[0] is (byte)' ' or (byte)'\n' ? 1 : 0;
            if (header.Length > 64)
            {
                throw new IOException("ffmpeg sent something else than pictures");
            }
        }

        var words = header.ToString().Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (words is not ["P6", var w, var h, "255"] || !int.TryParse(w, out int width) || !int.TryParse(h, out int height) || (long)width * height > Image.MaxPixels)
        {
            throw new IOException($"its frames are {string.Join(' ', words)}, which is too large or no picture");
        }

        var rgb = new byte[width * height * 3];
        await stream.ReadExactlyAsync(rgb, cancel).ConfigureAwait(false);
        return new Image(width, height, rgb);
    }

    /// <summary>A local file, whatever characters its name has, and nothing that it may point to elsewhere.</summary>
    sealed class InputFile(string path) : IInputArgument
    {
        public string Text => $"-nostdin -protocol_whitelist file -i {Ffmpeg.Quote("file:" + Path.GetFullPath(path))}";

        public void Pre(FFOptions ffOptions)
        {
            // The file was opened before; there is nothing to prepare.
        }

        public Task During(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public void Post()
        {
            // Nothing to clean up.
        }
    }
}
