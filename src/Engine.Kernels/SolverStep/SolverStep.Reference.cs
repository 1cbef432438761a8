namespace Engine.Kernels;

/// <content>The specification, which is what the host runs: a step is a thousandth of the model's work.</content>
public static unsafe partial class SolverStep
{
    static void Reference(Device device, in SolverCoefficients step, Tensor velocity, Tensor latent, in SolverStates states)
    {
        float* v = velocity.Pointer;
        float* x = latent.Pointer;
        float* m0 = states.M0.Pointer;
        float* m1 = states.M1.IsEmpty ? null : states.M1.Pointer;
        float* sample = states.Sample.IsEmpty ? null : states.Sample.Pointer;
        var predictor = step.Predictor;
        var corrector = step.Corrector.GetValueOrDefault();
        bool corrects = step.Corrector.HasValue;
        for (long i = 0; i < latent.Count; i++)
        {
            float clean = x[i] - (step.Sigma * v[i]);
            float corrected = x[i];
            if (corrects)
            {
                float bend = corrector.Uses2 ? corrector.Older * ((m1[i] - m0[i]) / corrector.Ratio) : 0;
                bend += corrector.Newest * (clean - m0[i]);
                corrected = (corrector.Keep * sample[i]) - (corrector.ToClean * m0[i]) - (corrector.ToBend * bend);
            }

            float slope = predictor.Uses2 ? 0.5f * ((m0[i] - clean) / predictor.Ratio) : 0;
            if (m1 is not null)
            {
                m1[i] = m0[i];
                sample[i] = corrected;
            }

            x[i] = (predictor.Keep * corrected) - (predictor.ToClean * clean) - (predictor.ToBend * slope);
            m0[i] = clean;
        }
    }
}
