namespace Engine.Kernels;

/// <summary>What kind of trouble an error is; the command line turns it into its exit code.</summary>
public enum ErrorKind
{
    /// <summary>A request that cannot be met as it is written (exit code 1).</summary>
    BadRequest = 1,

    /// <summary>A model, picture, clip or other input file that cannot be used (exit code 2).</summary>
    BadInput = 2,

    /// <summary>No such device, or not enough memory (exit code 3).</summary>
    NoResources = 3,

    /// <summary>The result could not be written (exit code 4).</summary>
    BadOutput = 4,
}

/// <summary>Base of every error the engine reports: one sentence that says what is wrong, where, and what to do.</summary>
public class EngineException : Exception
{
    /// <summary>Makes an error.</summary>
    /// <param name="kind">What kind of trouble it is.</param>
    /// <param name="message">One clear sentence.</param>
    /// <param name="inner">What caused it, for <c>--debug</c>.</param>
    public EngineException(ErrorKind kind, string message, Exception? inner = null)
        : base(message, inner) => Kind = kind;

    /// <summary>What kind of trouble it is.</summary>
    public ErrorKind Kind { get; }
}
