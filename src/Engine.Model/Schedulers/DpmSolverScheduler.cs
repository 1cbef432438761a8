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

    private protected override void Advance(int step, ReadOnlySpan<float> velocity, Span<float> latent)
    {
        var (alpha, sigmaNext) = Level(step + 1);
        float sigma = Sigmas[step];
        float h = Lambda(step + 1) - Lambda(step);
        float keep = sigmaNext / sigma;
        float toClean = alpha * (MathF.Exp(-h) - 1);
        var before = State(0);

        bool first = Done == 0 || step == Timesteps.Count - 1;
        if (first)
        {
            for (int i = 0; i < latent.Length; i++)
            {
                float clean = latent[i] - (sigma * velocity[i]);
                latent[i] = (keep * latent[i]) - (toClean * clean);
                before[i] = clean;
            }

            return;
        }

        float ratio = (Lambda(step) - Lambda(step - 1)) / h;
        float perRatio = 1 / ratio;
        float half = 0.5f * toClean;
        for (int i = 0; i < latent.Length; i++)
        {
            float clean = latent[i] - (sigma * velocity[i]);
            float slope = perRatio * (clean - before[i]);
            latent[i] = (keep * latent[i]) - (toClean * clean) - (half * slope);
            before[i] = clean;
        }
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
