using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One value per thread at a time.</content>
public static partial class SolverStep
{
    const int GroupSize = 256;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, GpuStep>> s_step =
        new(typeof(SolverStep), nameof(Strided), GroupSize);

    static void GpuStrided(Device device, in SolverCoefficients step, Tensor velocity, Tensor latent, in SolverStates states)
    {
        var gpu = (GpuDevice)device;
        var corrector = step.Corrector.GetValueOrDefault();
        var coefficients = new GpuStep
        {
            Count = latent.Count,
            Sigma = step.Sigma,
            Predictor = Term(step.Predictor),
            Corrector = Term(corrector),
            Corrects = step.Corrector.HasValue ? 1 : 0,
            Keeps = states.M1.IsEmpty ? 0 : 1,
        };
        s_step.On(gpu)(
            gpu.Stream, Grids.Linear(latent.Count, GroupSize), gpu.View(velocity), gpu.View(latent), gpu.View(states.M0), gpu.View(states.M1), gpu.View(states.Sample), coefficients);
    }

    static void Strided(ArrayView<float> velocity, ArrayView<float> latent, ArrayView<float> m0, ArrayView<float> m1, ArrayView<float> sample, GpuStep step)
    {
        for (long i = Grids.First; i < step.Count; i += Grids.Stride)
        {
            float clean = latent[i] - (step.Sigma * velocity[i]);
            float x = latent[i];
            float newest = m0[i];
            if (step.Corrects != 0)
            {
                var c = step.Corrector;
                float bend = c.Newest * (clean - newest);
                if (c.Uses2 != 0)
                {
                    bend += c.Older * ((m1[i] - newest) / c.Ratio);
                }

                x = (c.Keep * sample[i]) - (c.ToClean * newest) - (c.ToBend * bend);
            }

            var p = step.Predictor;
            float y = (p.Keep * x) - (p.ToClean * clean);
            if (p.Uses2 != 0)
            {
                y -= p.ToBend * (0.5f * ((newest - clean) / p.Ratio));
            }

            latent[i] = y;
            m0[i] = clean;
            if (step.Keeps != 0)
            {
                m1[i] = newest;
                sample[i] = x;
            }
        }
    }

    static GpuTerm Term(SolverTerm term) => new()
    {
        Keep = term.Keep,
        ToClean = term.ToClean,
        ToBend = term.ToBend,
        Ratio = term.Ratio,
        Older = term.Older,
        Newest = term.Newest,
        Uses2 = term.Uses2 ? 1 : 0,
    };

    // As kernels take them: without properties, without bool.
    internal struct GpuTerm
    {
        public float Keep;
        public float ToClean;
        public float ToBend;
        public float Ratio;
        public float Older;
        public float Newest;
        public int Uses2;
    }

    internal struct GpuStep
    {
        public long Count;
        public GpuTerm Predictor;
        public GpuTerm Corrector;
        public float Sigma;
        public int Corrects;
        public int Keeps;
    }
}
