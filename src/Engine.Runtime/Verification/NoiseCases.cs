using System.Globalization;
using Engine.Kernels;

namespace Engine.Runtime.Verification;

/// <summary>Cases of kind "noise": <c>seed.SEED.SHAPE</c> is one draw, <c>twice.SEED.a.N</c> and <c>.b.N</c> are two draws in a row.</summary>
static class NoiseCases
{
    public static void Run(CaseRun run)
    {
        TorchRandom? twice = null;
        foreach (string name in run.Golden.TensorNames())
        {
            string[] parts = name.Split('.');
            var shape = Shape.Create(Array.ConvertAll(parts[^1].Split('x'), e => int.Parse(e, CultureInfo.InvariantCulture)));
            long seed = long.Parse(parts[1], CultureInfo.InvariantCulture);
            TorchRandom generator;
            if (parts[0] == "twice")
            {
                twice = parts[2] == "a" ? new TorchRandom(seed) : twice;
                generator = twice ?? throw new EngineException(ErrorKind.BadInput, $"Case {run.Golden.Name}: '{name}' has no first draw.");
            }
            else
            {
                generator = new TorchRandom(seed);
            }

            var values = new float[shape.Count];
            generator.Normal(values);
            run.Compare(name, values, shape);
        }
    }
}
