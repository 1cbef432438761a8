using Engine.Kernels;

namespace Engine.Model.Schedulers;

/// <summary>Which sampler walks from noise to a clip.</summary>
public enum SchedulerKind
{
    /// <summary>UniPC multistep, order 2, bh2 (diffusers' <c>UniPCMultistepScheduler</c>).</summary>
    UniPc,

    /// <summary>Flow-matching Euler (diffusers' <c>FlowMatchEulerDiscreteScheduler</c>).</summary>
    Euler,

    /// <summary>DPM++ 2M (diffusers' <c>DPMSolverMultistepScheduler</c>).</summary>
    DpmPlusPlus,

    /// <summary>Euler on the grid of models distilled to a few steps (<see cref="TurboScheduler"/>).</summary>
    Turbo,
}

/// <summary>A sampler over one latent tensor, on the tensor's own device. Not thread-safe; one instance per job, which frees what it keeps.</summary>
public interface IScheduler : IDisposable
{
    /// <summary>Timesteps of the steps, 1000 -> 0, as the model takes them.</summary>
    IReadOnlyList<float> Timesteps { get; }

    /// <summary>Noise levels, 1 -> 0, one more than the steps.</summary>
    IReadOnlyList<float> Sigmas { get; }

    /// <summary>Advances <paramref name="latent"/> in place by one step.</summary>
    /// <param name="step">Index into <see cref="Timesteps"/>; steps come in order.</param>
    /// <param name="velocity">The model's output for this step, as long as the latent.</param>
    /// <param name="latent">State before the step on entry, after it on return.</param>
    void Step(int step, Tensor velocity, Tensor latent);

    /// <summary>States as long as the latent that are kept from step to step; plans count them.</summary>
    int StatesKept { get; }

    /// <summary>Starts at <paramref name="step"/> with an empty history (video-to-video).</summary>
    void Begin(int step);

    /// <summary>Mixes noise into a clean latent as at the given step: <c>(1 - sigma) x + sigma noise</c>.</summary>
    void AddNoise(int step, Tensor clean, Tensor noise, Tensor result);

    /// <summary>Writes the history that the next steps need (for resuming a job).</summary>
    void Save(BinaryWriter writer);

    /// <summary>Restores what <see cref="Save"/> wrote.</summary>
    /// <param name="reader">Stands where <see cref="Save"/> began to write.</param>
    /// <param name="device">Where the history goes.</param>
    void Restore(BinaryReader reader, Device device);
}
