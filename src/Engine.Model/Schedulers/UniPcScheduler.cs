using Engine.Kernels;

namespace Engine.Model.Schedulers;

/// <summary>UniPC: a predictor of second order whose every step is corrected by the next prediction.</summary>
/// <remarks>
/// Port of UniPCMultistepScheduler, src/diffusers/schedulers/scheduling_unipc_multistep.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0), with solver order 2, B(h) = expm1(h) ("bh2"), prediction
/// of the clean latent, flow prediction and flow sigmas, lower order in the last step. Timesteps are truncated to
/// integers. Predictor and corrector run as one pass over the latent.
/// </remarks>
public sealed class UniPcScheduler : FlowScheduler
{
    const int SolverOrder = 2;

    internal UniPcScheduler(int steps, double flowShift)
        : this(Grid(steps, flowShift))
    {
    }

    UniPcScheduler(double[] sigmas)
        : base(
            [.. sigmas.Select(s => (float)Math.Truncate(s * Scheduler.TrainTimesteps))],
            [.. sigmas.Select(s => (float)s), 0f],
            statesKept: 3)
    {
    }

    private protected override void Advance(int step, Tensor velocity, Tensor latent)
    {
        // States: the predictions of the clean latent, newest first, then the corrected latent before the last step.
        SolverTerm? corrector = Done == 0 ? null : Corrector(step, OrderOf(step - 1, Done - 1));
        var coefficients = new SolverCoefficients(Sigmas[step], Predictor(step, OrderOf(step, Done)), corrector);
        SolverStep.Run(latent.Device, coefficients, velocity, latent, State(0), State(1), State(2));
    }

    /// <summary>Order of the predictor at a step: 1 while there is no history, and 1 in the last step.</summary>
    int OrderOf(int step, int done) => Math.Min(Math.Min(SolverOrder, Timesteps.Count - step), done + 1);

    SolverTerm Predictor(int step, int order)
    {
        var (alpha, sigma) = Level(step + 1);
        float h = Lambda(step + 1) - Lambda(step);
        float phi = Expm1(-h);
        float ratio = order == 1 ? 1 : (Lambda(step - 1) - Lambda(step)) / h;
        return new(sigma / Sigmas[step], alpha * phi, alpha * phi, ratio, 0, 0, order == 2);
    }

    /// <summary>Corrects the step before <paramref name="step"/>, whose predictor had that order.</summary>
    SolverTerm Corrector(int step, int order)
    {
        var (alpha, sigma) = Level(step);
        float h = Lambda(step) - Lambda(step - 1);
        float hh = -h;
        float phi = Expm1(hh);
        float keep = sigma / Sigmas[step - 1];
        if (order == 1)
        {
            return new(keep, alpha * phi, alpha * phi, 1, 0, 0.5f, false);
        }

        float ratio = (Lambda(step - 2) - Lambda(step - 1)) / h;
        float phi1 = (phi / hh) - 1;
        float phi2 = (phi1 / hh) - 0.5f;
        float b1 = phi1 / phi;
        float b2 = phi2 * 2 / phi;

        // [1 1; ratio 1] [older newest] = [b1 b2]
        float older = (b1 - b2) / (1 - ratio);
        return new(keep, alpha * phi, alpha * phi, ratio, older, b1 - older, true);
    }

    static float Expm1(float x) => (float)(Math.Exp(x) - 1);

    static double[] Grid(int steps, double flowShift)
    {
        double[] sigmas = Scheduler.Linspace(1, 1.0 / Scheduler.TrainTimesteps, steps + 1)[..steps];
        for (int i = 0; i < steps; i++)
        {
            sigmas[i] = Scheduler.Shifted(sigmas[i], flowShift);
        }

        // At 1 exactly nothing of the clean latent is left, and the logarithm of nothing is infinite.
        const double Eps = 1e-6;
        if (Math.Abs(sigmas[0] - 1) < Eps)
        {
            sigmas[0] -= Eps;
        }

        return sigmas;
    }
}
