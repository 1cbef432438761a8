using System.Diagnostics;
using System.Text;

namespace Engine.Cli.Tests;

/// <summary>What a process left behind.</summary>
public sealed record CliResult(int ExitCode, string Out, string Error, TimeSpan Elapsed)
{
    /// <summary>The lines of stderr.</summary>
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>Runs the built command line as a process of its own.</summary>
public static class EngineProcess
{
    static readonly string s_dll = Path.Combine(AppContext.BaseDirectory, "Engine.Cli.dll");

    /// <summary>Runs <c>engine ARGUMENTS</c> in the repository's root.</summary>
    public static Task<CliResult> RunAsync(params string[] arguments) => RunAsync(Testing.Repository.Root, null, arguments);

    /// <summary>Runs it in a folder, with environment variables.</summary>
    public static async Task<CliResult> RunAsync(string folder, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        using var process = Start(folder, environment, arguments);
        return await FinishAsync(process);
    }

    /// <summary>Starts it without waiting.</summary>
    public static Process Start(string folder, IReadOnlyDictionary<string, string>? environment, params string[] arguments) =>
        StartProgram("dotnet", folder, environment, [s_dll, .. arguments]);

    /// <summary>Starts any program with its output captured and nothing on stdin.</summary>
    public static Process StartProgram(string program, string folder, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            info.Environment[name] = value;
        }

        var process = Process.Start(info)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Waits for the end and gathers what was written.</summary>
    public static async Task<CliResult> FinishAsync(Process process)
    {
        var cancel = TestContext.Current.CancellationToken;
        long start = Stopwatch.GetTimestamp();
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var error = process.StandardError.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        return new CliResult(process.ExitCode, await output, await error, Stopwatch.GetElapsedTime(start));
    }
}
