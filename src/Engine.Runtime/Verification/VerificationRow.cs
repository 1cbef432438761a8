namespace Engine.Runtime.Verification;

/// <summary>The outcome of one comparison.</summary>
/// <param name="Case">Name of the case.</param>
/// <param name="Tensor">Name of the tensor (or of the row of a tokenizer case).</param>
/// <param name="Error">Relative L2 error, ||got - want|| / ||want||; infinite when there is nothing to compare.</param>
/// <param name="Limit">Largest error that passes.</param>
/// <param name="Message">Why it failed when that is not the size of the error, or null.</param>
public sealed record VerificationRow(string Case, string Tensor, double Error, double Limit, string? Message = null)
{
    /// <summary>True when the result is within its limit (NaN is not).</summary>
    public bool Passed => Message is null && Error <= Limit;
}
