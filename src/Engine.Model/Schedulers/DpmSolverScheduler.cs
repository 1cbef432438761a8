using Engine.Kernels;

namespace Engine.Model.Schedulers;

/// <summary>DPM-Solver++ (2M): a second-order multistep method on the predicted clean latent, midpoint form.</summary>
/// <remarks>
/// Port of DPMSolverMultistepScheduler, src/diffusers/schedulers/scheduling_dpmsolver_multistep.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0), with flow prediction and flow sigmas, final sigma 0.
/// The first step and the last one are of first order. Timesteps are truncated to integers.
/// </remarks>
public sealed class DpmSolverScheduler : FlowScheduler
{
    internal DpmSolverScheduler(int steps, double flowShift)
        : this(Grid(steps, flowShift))
    {
    }

    DpmSolverScheduler(double[] sigmas)
        : base(
            [.. sigmas.Select(s => (float)Math.Truncate(s * Scheduler.TrainTimesteps))],
            [.. sigmas.Select(s => (float)s), 0f],
            statesKept: 1)
    {
    }

    private protected override void Advance(int step, Tensor velocity, Tensor latent)
    {
        var (alpha, sigmaNext) = Level(step + 1);
        float sigma = Sigmas[step];
        float h = Lambda(step + 1) - Lambda(step);
        float toClean = alpha * (MathF.Exp(-h) - 1);

        // The ratio counts backwards from this step, as the operation does: the older prediction lies at -ratio.
        bool first = Done == 0 || step == Timesteps.Count - 1;
        float ratio = first ? 1 : (Lambda(step - 1) - Lambda(step)) / h;
        var predictor = new SolverTerm(sigmaNext / sigma, toClean, toClean, ratio, 0, 0, Uses2: !first);
        SolverStep.Run(latent.Device, new SolverCoefficients(sigma, predictor), velocity, latent, State(0));
    }

    static double[] Grid(int steps, double flowShift)
    {
        double[] alphas = Scheduler.Linspace(1, 1.0 / Scheduler.TrainTimesteps, steps + 1);
        var sigmas = new double[steps];
        for (int i = 0; i < steps; i++)
        {
            sigmas[i] = Scheduler.Shifted(1.0 - alphas[steps - i], flowShift);
        }

        return sigmas;
    }
}
