using Engine.Kernels;

namespace Engine.Cli;

/// <summary>Exit codes of every command.</summary>
static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>Bad arguments, or a failed verification.</summary>
    public const int Failed = 1;

    /// <summary>No such device, or not enough memory.</summary>
    public const int NoResources = 3;

    /// <summary>A defect of the engine itself (EX_SOFTWARE).</summary>
    public const int Internal = 70;

    /// <summary>Stopped by Ctrl-C or a termination signal.</summary>
    public const int Cancelled = 130;

    /// <summary>The code for a reported error.</summary>
    public static int For(ErrorKind kind) => (int)kind;
}
