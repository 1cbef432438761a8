namespace Engine.Model.Weights;

/// <summary>Something that is added to a tensor while a model is loaded: factor * up * down, or factor * up.</summary>
/// <param name="Source">Where its values are.</param>
/// <param name="Up">The second factor [N, rank], or a whole difference of the tensor's size when there is no <paramref name="Down"/>.</param>
/// <param name="Down">The first factor [rank, K], or null.</param>
/// <param name="Factor">What it is multiplied by.</param>
sealed record WeightChange(IWeightSource Source, TensorInfo Up, TensorInfo? Down, float Factor)
{
    /// <summary>Rank of the product.</summary>
    public int Rank => Down is null ? 0 : checked((int)Down.Shape[0]);
}

/// <summary>Changes to the tensors of a model, by full canonical name.</summary>
interface IWeightChanges
{
    /// <summary>Names of everything that is changed.</summary>
    IReadOnlyCollection<string> Names { get; }

    /// <summary>What is added to a tensor, in order; none for most.</summary>
    IReadOnlyList<WeightChange> Of(string name);

    /// <summary>True when changes to matrices of a stored type are merged into them, false when they are kept beside them.</summary>
    /// <param name="stored">How the matrix is stored.</param>
    /// <param name="streamed">True when it is read again in every step.</param>
    bool Merges(Kernels.DType stored, bool streamed);
}
