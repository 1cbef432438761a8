using System.CommandLine;

namespace Engine.Cli.Parsing;

/// <summary>Options that every command takes.</summary>
static class GlobalOptions
{
    /// <summary>Stack traces instead of one sentence.</summary>
    public static Option<bool> Debug { get; } = new("--debug") { Description = "Show stack traces of errors", Recursive = true };

    /// <summary>Machine-readable results on stdout.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "Print the result as JSON on stdout", Recursive = true };

    /// <summary>No progress on stderr.</summary>
    public static Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "No progress, only results and errors", Recursive = true };
}
