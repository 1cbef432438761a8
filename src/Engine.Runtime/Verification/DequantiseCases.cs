using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Runtime.Verification;

/// <summary>Cases of kind "dequantise": every tensor of a GGUF file, expanded to f32.</summary>
static class DequantiseCases
{
    public static void Run(CaseRun run)
    {
        using var file = GgufFile.Open(run.Golden.ModelPath);
        foreach (string name in run.Golden.TensorNames())
        {
            if (file.Find(name) is not { } tensor)
            {
                run.Fail(name, $"{file.Path} has no such tensor");
                continue;
            }

            run.Compare(name, Values(file, tensor), Shape.Create([.. tensor.Shape.Select(e => checked((int)e))]));
        }
    }

    static float[] Values(GgufFile file, TensorInfo tensor)
    {
        if (!tensor.Type.IsBlockType())
        {
            var store = new WeightStore(file, new CpuDevice(threads: 1));
            return store.Root.Vector(tensor.Name, Shape.Create([.. tensor.Shape.Select(e => checked((int)e))])).ToArray();
        }

        var stored = new byte[tensor.Bytes];
        file.Read(tensor, 0, stored);
        var values = new float[tensor.Shape.Aggregate(1L, (a, b) => a * b)];
        BlockFormats.Expand(tensor.Type, stored, values);
        return values;
    }
}
