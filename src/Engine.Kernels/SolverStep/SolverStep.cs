namespace Engine.Kernels;

/// <summary>What one multistep step of a flow sampler does to every value; see <see cref="SolverStep"/>.</summary>
/// <param name="Sigma">Noise level of the step.</param>
/// <param name="Predictor">From the (corrected) latent to the next one.</param>
/// <param name="Corrector">Mends the latent with the newest prediction first; null where there is none.</param>
public readonly record struct SolverCoefficients(float Sigma, SolverTerm Predictor, SolverTerm? Corrector = null);

/// <summary>x' = Keep x - ToClean m - ToBend bend.</summary>
/// <param name="Keep">Share of x.</param>
/// <param name="ToClean">Share of the prediction m, negative of what is added.</param>
/// <param name="ToBend">Share of the bend, which is what the older predictions say of the curve.</param>
/// <param name="Ratio">Distance of the older prediction in units of the step.</param>
/// <param name="Older">Weight of the older difference in a corrector's bend.</param>
/// <param name="Newest">Weight of the newest difference in a corrector's bend.</param>
/// <param name="Uses2">True for second order.</param>
public readonly record struct SolverTerm(float Keep, float ToClean, float ToBend, float Ratio, float Older, float Newest, bool Uses2);

/// <summary>One step of a multistep flow sampler (DPM++ 2M, UniPC), predictor and corrector in one pass over the latent.</summary>
/// <remarks>
/// clean = x - sigma v
/// with a corrector c: x = c.Keep sample - c.ToClean m0 - c.ToBend (c.Older (m1 - m0) / c.Ratio [second order] + c.Newest (clean - m0))
/// y = Keep x - ToClean clean - ToBend / 2 (m0 - clean) / Ratio [second order];  then m1 = m0, m0 = clean, sample = x
/// latent, velocity, m0, m1, sample: n values f32; m1 and sample may be left out by samplers that have no corrector.
/// Cost: reads 5 n and writes 4 n floats, so it is bandwidth-bound. Tolerance: 5e-7 of the largest value (fused or not).
/// </remarks>
public static partial class SolverStep
{
    internal delegate void Kernel(Device device, in SolverCoefficients step, Tensor velocity, Tensor latent, in SolverStates states);

    // Order is preference. ENGINE_FORCE_SOLVERSTEP=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("SolverStep")
    {
        { "Reference", Reference, (d, _) => d.IsCpu },
        { "GpuStrided", GpuStrided, (d, _) => d.Kind != DeviceKind.Cpu },
    };

    /// <summary>Advances a latent in place.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="step">Coefficients.</param>
    /// <param name="velocity">The model's output, as large as the latent.</param>
    /// <param name="latent">State before the step on entry, after it on return.</param>
    /// <param name="m0">The newest earlier prediction on entry, the present one on return.</param>
    /// <param name="m1">The prediction before it, or default for samplers without a corrector.</param>
    /// <param name="sample">The corrected latent before the last step, or default likewise.</param>
    public static void Run(Device device, in SolverCoefficients step, Tensor velocity, Tensor latent, Tensor m0, Tensor m1 = default, Tensor sample = default)
    {
        Operands.Extent(nameof(SolverStep), "size of the velocity", latent.Count, velocity.Count);
        Operands.Extent(nameof(SolverStep), "size of m0", latent.Count, m0.Count);
        bool corrects = !m1.IsEmpty;
        if (corrects)
        {
            Operands.Extent(nameof(SolverStep), "size of m1", latent.Count, m1.Count);
            Operands.Extent(nameof(SolverStep), "size of the sample", latent.Count, sample.IsEmpty ? 0 : sample.Count);
        }
        else if (step.Corrector is not null)
        {
            throw new ArgumentException("A corrector needs two earlier predictions and the sample before.", nameof(m1));
        }

        if (!device.Skips(nameof(SolverStep), 16.0 * latent.Count, (corrects ? 36.0 : 20.0) * latent.Count))
        {
            Variants.Pick(device, latent.Shape).Invoke(device, step, velocity, latent, new SolverStates(m0, m1, sample));
            device.Done();
        }
    }
}

/// <summary>What a multistep sampler keeps from step to step; M1 and Sample are empty for samplers without a corrector.</summary>
readonly record struct SolverStates(Tensor M0, Tensor M1, Tensor Sample);
