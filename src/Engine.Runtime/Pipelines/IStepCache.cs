using Engine.Kernels;

namespace Engine.Runtime.Pipelines;

/// <summary>Stands in for the transformer's blocks in steps whose input has barely moved. One instance per job.</summary>
interface IStepCache : IDisposable
{
    /// <summary>Steps that the cache stood in for.</summary>
    int Skipped { get; }

    /// <summary>Tells which transformer runs from here on (0 or 1); what another one made is forgotten.</summary>
    void Enter(int expert);

    /// <summary>Looks at the input of a step, and gives the model's output where the input has moved less than the bound.</summary>
    /// <param name="input">The model's modulated input at some tokens, the same ones in every step.</param>
    /// <param name="mustRun">True when the model has to run whatever the input did (the last step).</param>
    /// <param name="velocity">Receives the velocity for the prompt.</param>
    /// <param name="negative">Receives the velocity for the negative prompt; empty in steps without guidance.</param>
    /// <returns>False when the model has to run; nothing was written then.</returns>
    bool TryPredict(ReadOnlySpan<float> input, bool mustRun, Tensor velocity, Tensor negative);

    /// <summary>Takes in what the model made of a step that <see cref="TryPredict"/> refused.</summary>
    /// <param name="velocity">For the prompt.</param>
    /// <param name="negative">For the negative prompt; empty in steps without guidance.</param>
    void Observe(Tensor velocity, Tensor negative);

    /// <summary>Writes what the next steps need (for resuming a job).</summary>
    void Save(BinaryWriter writer);

    /// <summary>Restores what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It was written for a latent of another size.</exception>
    void Restore(BinaryReader reader);
}
