using Engine.Kernels;

namespace Engine.Model.Schedulers;

/// <summary>Euler's method on the grid that models distilled to a few steps were trained on: x += (sigma_next - sigma) v.</summary>
/// <remarks>
/// sigma = shift(1), shift((n-1)/n), ... shift(1/n), 0: with shift 5 and 4 steps the timesteps are 1000, 937.5, 833.3 and 625.
/// As <c>get_sampling_sigmas</c> has it, wan/utils/fm_solvers.py of Wan-Video/Wan2.1 @ 9737cba9c1c3c4d04b33fcad41c111989865d315.
/// diffusers' Euler sampler applies the shift twice and ends near 0, so that its few steps are others.
/// </remarks>
public sealed class TurboScheduler : FlowScheduler
{
    internal TurboScheduler(int steps, double flowShift)
        : this([.. Enumerable.Range(0, steps).Select(i => (float)Scheduler.Shifted((steps - i) / (double)steps, flowShift))])
    {
    }

    TurboScheduler(float[] sigmas)
        : base([.. sigmas.Select(s => s * Scheduler.TrainTimesteps)], [.. sigmas, 0f], statesKept: 0)
    {
    }

    private protected override void Advance(int step, Tensor velocity, Tensor latent) =>
        Elementwise.MulAdd(latent.Device, velocity, Sigmas[step + 1] - Sigmas[step], latent);
}
