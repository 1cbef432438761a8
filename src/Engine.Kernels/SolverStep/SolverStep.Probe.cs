using Engine.Kernels.Profiling;

namespace Engine.Kernels;

/// <content>How it is run alone.</content>
public static partial class SolverStep
{
    static Probe[] Probes =>
    [
        new(nameof(SolverStep), "CHANNELSxVALUES", ["16x5120", "48x1280"], Variants, 5e-7, (bench, s) =>
        {
            Shape shape = [s[0], s[1]];
            var (velocity, latent) = (bench.Noise(shape), bench.Changed(shape));
            var (m0, m1, sample) = (bench.Changed(shape), bench.Changed(shape), bench.Changed(shape));
            var term = new SolverTerm(Keep: 0.9f, ToClean: -0.1f, ToBend: -0.1f, Ratio: -1, Older: 0.1f, Newest: 0.4f, Uses2: true);
            var step = new SolverCoefficients(0.5f, term, term);
            return () => Run(bench.Device, step, velocity, latent, m0, m1, sample);
        }),
    ];
}
