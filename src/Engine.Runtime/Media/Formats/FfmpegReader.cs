using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>Reads a clip through ffmpeg, frame by frame, at a constant rate.</summary>
/// <remarks>
/// ffmpeg writes to its standard output and waits whenever it is full, so that at most a frame or two are in memory.
/// FFMpegCore is not used in this direction: it closes its pipe as soon as ffmpeg has ended, and frames that were
/// still on their way are lost.
/// </remarks>
static class FfmpegReader
{
    const int LinesKept = 64;

    /// <exception cref="EngineException">The file cannot be decoded.</exception>
    public static async IAsyncEnumerable<Image> Frames(Ffmpeg ffmpeg, string path, FrameRate rate, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var process = Start(ffmpeg, path, rate);
        var complaints = new List<string>();
        process.ErrorDataReceived += (_, e) => Keep(complaints, e.Data);
        process.BeginErrorReadLine();
        var pictures = new BufferedStream(process.StandardOutput.BaseStream, 1 << 16);
        try
        {
            // A read from a pipe cannot be interrupted; the end of the process ends it.
            await using var stopping = cancel.Register(() => Kill(process)).ConfigureAwait(false);
            int count = 0;
            string? trouble = null;
            while (true)
            {
                Image? image = null;
                try
                {
                    image = await ReadPixmap(pictures).ConfigureAwait(false);
                }
                catch (IOException e)
                {
                    trouble = e.Message;
                }

                cancel.ThrowIfCancellationRequested();
                if (image is null)
                {
                    break;
                }

                count++;
                yield return image;
            }

            if (trouble is not null)
            {
                Kill(process);
            }

            await process.WaitForExitAsync(cancel).ConfigureAwait(false);
            if (process.ExitCode != 0 || count == 0 || trouble is not null)
            {
                throw new EngineException(ErrorKind.BadInput, $"The clip {path} cannot be read: {trouble ?? Cause(complaints) ?? "it holds no frames"}.");
            }
        }
        finally
        {
            Kill(process);
        }
    }

    static Process Start(Ffmpeg ffmpeg, string path, FrameRate rate)
    {
        // "file:" and the white list: a local file whatever its name, and nothing that it may point to elsewhere.
        // Frames come at a constant rate, each with its own header, which says the size that any rotation has led to.
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", "-protocol_whitelist", "file", "-i", "file:" + Path.GetFullPath(path),
            "-map", "0:v:0", "-an", "-sn", "-vf", $"fps={rate}", "-sws_flags", "bicubic+accurate_rnd+full_chroma_int",
            "-c:v", "ppm", "-pix_fmt", "rgb24", "-f", "image2pipe", "pipe:1",
        ];
        try
        {
            return Process.Start(new ProcessStartInfo(ffmpeg.Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
                ?? throw new EngineException(ErrorKind.BadInput, $"The clip {path} cannot be read: ffmpeg does not start.");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new EngineException(ErrorKind.BadInput, $"The clip {path} cannot be read: ffmpeg does not start.", e);
        }
    }

    static void Kill(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
    }

    static string? Cause(List<string> complaints)
    {
        lock (complaints)
        {
            return complaints.Count == 0 ? null : $"ffmpeg says: {complaints[^1].Trim().TrimEnd('.')}";
        }
    }

    static void Keep(List<string> lines, string? line)
    {
        lock (lines)
        {
            if (!string.IsNullOrWhiteSpace(line) && lines.Count < LinesKept)
            {
                lines.Add(line);
            }
        }
    }

    // A binary PPM picture: "P6", width, height, 255, each ended by white space, then the pixels. Null at the end.
    static async Task<Image?> ReadPixmap(Stream stream)
    {
        var header = new StringBuilder();
        for (int spaces = 0; spaces < 4;)
        {
            int next = stream.ReadByte();
            if (next < 0)
            {
                return null;
            }

            header.Append((char)next);
            spaces += next is ' ' or '\n' ? 1 : 0;
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

        // The end of the process may come within a frame; what is not whole is not shown.
        var rgb = new byte[width * height * 3];
        return await stream.ReadAtLeastAsync(rgb, rgb.Length, throwOnEndOfStream: false).ConfigureAwait(false) == rgb.Length
            ? new Image(width, height, rgb)
            : null;
    }
}
