using Engine.Kernels;

namespace Engine.Model.Schedulers;

/// <summary>Euler's method on the flow: x += (sigma_next - sigma) v.</summary>
/// <remarks>
/// Port of FlowMatchEulerDiscreteScheduler, src/diffusers/schedulers/scheduling_flow_match_euler_discrete.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). As there, the shift is applied twice: to the ends of the
/// grid when the scheduler is made, and again to the whole grid. Timesteps keep their fractions.
/// </remarks>
public sealed class FlowMatchEulerScheduler : FlowScheduler
{
    internal FlowMatchEulerScheduler(int steps, double flowShift)
        : this(Grid(steps, flowShift))
    {
    }

    FlowMatchEulerScheduler(float[] sigmas)
        : base([.. sigmas.Select(s => s * Scheduler.TrainTimesteps)], [.. sigmas, 0f], statesKept: 0)
    {
    }

    private protected override void Advance(int step, Tensor velocity, Tensor latent) =>
        Elementwise.MulAdd(latent.Device, velocity, Sigmas[step + 1] - Sigmas[step], latent);

    static float[] Grid(int steps, double flowShift)
    {
        // The ends are f32 upstream, the grid between them f64.
        double highest = ShiftedSingle(1f, flowShift);
        double lowest = ShiftedSingle(1f / Scheduler.TrainTimesteps, flowShift);
        double[] timesteps = Scheduler.Linspace(highest * Scheduler.TrainTimesteps, lowest * Scheduler.TrainTimesteps, steps);
        return [.. timesteps.Select(t => (float)Scheduler.Shifted(t / Scheduler.TrainTimesteps, flowShift))];
    }

    static float ShiftedSingle(float sigma, double shift) => (float)shift * sigma / (1 + ((float)(shift - 1) * sigma));
}
