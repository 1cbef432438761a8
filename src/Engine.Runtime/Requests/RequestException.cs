using Engine.Kernels;

namespace Engine.Runtime;

/// <summary>One thing that is wrong with a request.</summary>
/// <param name="Field">The field, in snake case as in a configuration file: <c>max_sequence_length</c>.</param>
/// <param name="Message">One sentence: what it is and what is allowed.</param>
public sealed record RequestProblem(string Field, string Message);

/// <summary>A request that cannot be met as it is written; nothing was read or computed yet.</summary>
public sealed class RequestException : EngineException
{
    /// <summary>Reports every wrong field at once.</summary>
    /// <param name="problems">At least one.</param>
    /// <param name="kind"><see cref="ErrorKind.BadInput"/> when the only trouble is an input file.</param>
    /// <param name="inner">What caused it.</param>
    public RequestException(IReadOnlyList<RequestProblem> problems, ErrorKind kind = ErrorKind.BadRequest, Exception? inner = null)
        : base(kind, string.Join(Environment.NewLine, problems.Select(p => $"{p.Field}: {p.Message}")), inner) => Problems = problems;

    /// <summary>Reports one wrong field.</summary>
    public RequestException(string field, string message, ErrorKind kind = ErrorKind.BadRequest, Exception? inner = null)
        : this([new RequestProblem(field, message)], kind, inner)
    {
    }

    /// <summary>What is wrong, field by field.</summary>
    public IReadOnlyList<RequestProblem> Problems { get; }
}
