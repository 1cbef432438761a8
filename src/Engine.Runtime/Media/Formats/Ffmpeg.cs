using System.Collections.Concurrent;
using System.Diagnostics;
using FFMpegCore;

namespace Engine.Runtime.Media;

/// <summary>The ffmpeg of this machine, and what it can encode.</summary>
sealed class Ffmpeg
{
    /// <summary>Environment variable: the folder of ffmpeg, the program itself, or "none" to do without.</summary>
    public const string Variable = "ENGINE_FFMPEG";

    static readonly ConcurrentDictionary<string, Ffmpeg?> s_known = new();
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    static readonly string s_program = OperatingSystem.IsWindows() ? "ffmpeg.exe" : "ffmpeg";
    static readonly string s_probe = OperatingSystem.IsWindows() ? "ffprobe.exe" : "ffprobe";

    readonly HashSet<string> _encoders;

    Ffmpeg(string folder, HashSet<string> encoders) => (Folder, _encoders) = (folder, encoders);

    /// <summary>Folder that holds ffmpeg and ffprobe.</summary>
    public string Folder { get; }

    /// <summary>The program itself.</summary>
    public string Program => Path.Combine(Folder, s_program);

    /// <summary>Whether ffprobe lies beside it.</summary>
    public bool HasProbe => File.Exists(Path.Combine(Folder, s_probe));

    /// <summary>Finds ffmpeg.</summary>
    /// <param name="setting">A folder, a program or "none"; null asks the environment.</param>
    /// <param name="why">Where there is none, why; a clause without a full stop.</param>
    public static Ffmpeg? Find(string? setting, out string why)
    {
        setting ??= Environment.GetEnvironmentVariable(Variable);
        why = "";
        if (string.Equals(setting, "none", StringComparison.OrdinalIgnoreCase))
        {
            why = $"ffmpeg is turned off ({Variable}=none)";
            return null;
        }

        string? folder = string.IsNullOrEmpty(setting) ? OnPath() : FolderOf(setting);
        if (folder is null)
        {
            why = string.IsNullOrEmpty(setting) ? "ffmpeg was not found on the PATH" : $"there is no {s_program} at {setting} ({Variable})";
            return null;
        }

        var found = s_known.GetOrAdd(folder, Probe);
        if (found is null)
        {
            why = $"{Path.Combine(folder, s_program)} does not run";
        }

        return found;
    }

    /// <summary>Whether it has an encoder, such as libx264.</summary>
    public bool Has(string encoder) => _encoders.Contains(encoder);

    /// <summary>Options for one run of ffmpeg, in a folder of its own choice.</summary>
    public FFOptions Options(string workingFolder) => new() { BinaryFolder = Folder, WorkingDirectory = workingFolder };

    /// <summary>One argument, quoted as .NET splits argument strings: backslashes count only before a quote.</summary>
    public static string Quote(string argument)
    {
        var quoted = new System.Text.StringBuilder("\"");
        int backslashes = 0;
        foreach (char c in argument)
        {
            if (c == '\\')
            {
                backslashes++;
                continue;
            }

            quoted.Append('\\', c == '"' ? (2 * backslashes) + 1 : backslashes).Append(c);
            backslashes = 0;
        }

        return quoted.Append('\\', 2 * backslashes).Append('"').ToString();
    }

    static string? FolderOf(string setting)
    {
        string full = Path.GetFullPath(setting);
        return File.Exists(Path.Combine(full, s_program)) ? full
            : File.Exists(full) && Path.GetFileName(full).Equals(s_program, StringComparison.OrdinalIgnoreCase) ? Path.GetDirectoryName(full)
            : null;
    }

    static string? OnPath() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .FirstOrDefault(folder => File.Exists(Path.Combine(folder, s_program)));

    /// <summary>Runs ffprobe; gives what it prints, or null where it fails.</summary>
    public string? Inspect(IEnumerable<string> arguments) => Capture(Path.Combine(Folder, s_probe), arguments);

    // Lists the encoders: a line for each, such as " V....D libx264   H.264 ...".
    static Ffmpeg? Probe(string folder)
    {
        return Capture(Path.Combine(folder, s_program), ["-hide_banner", "-nostdin", "-encoders"]) is { } list
            ? new Ffmpeg(folder, [.. list.Split('\n').Select(Name).OfType<string>()])
            : null;

        static string? Name(string line)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return words.Length >= 2 && words[0].Length == 6 && words[0][0] == 'V' && words[1] != "=" ? words[1] : null;
        }
    }

    static string? Capture(string program, IEnumerable<string> arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardOutputEncoding = System.Text.Encoding.UTF8,
            });
            if (process is null)
            {
                return null;
            }

            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            var reading = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(s_patience) || !reading.Wait(s_patience))
            {
                process.Kill(entireProcessTree: true);
                return null;
            }

            return process.ExitCode == 0 ? reading.Result : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // Not a program, or not for this machine.
            return null;
        }
    }
}
