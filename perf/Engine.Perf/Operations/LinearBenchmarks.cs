using BenchmarkDotNet.Attributes;
using Engine.Kernels;

namespace Engine.Perf.Operations;

/// <summary>Linear layers of the 1.3B model (1280 tokens = 256x256, 17 frames) and of the built-in one (80 tokens).</summary>
[InProcess]
public class LinearBenchmarks : KernelBenchmarks
{
    Tensor _x;
    Tensor _bias;
    Tensor _y;
    Weight _w = null!;

    /// <summary>Rows, inputs, outputs.</summary>
    [Params("1280x1536x1536", "1280x1536x8960", "1280x8960x1536", "80x192x768", "1x1536x9216")]
    public string Size { get; set; } = "";

    /// <summary>How the weights are stored.</summary>
    [Params(DType.F32, DType.BF16)]
    public DType Type { get; set; }

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        Open();
        int[] size = Array.ConvertAll(Size.Split('x'), int.Parse);
        _x = Noise([size[0], size[1]]);
        _w = Weights(Type, size[2], size[1]);
        _bias = Noise([size[2]]);
        _y = Noise([size[0], size[2]]);
    }

    /// <summary>y = x w^T + bias.</summary>
    [Benchmark]
    public void Store() => Linear.Run(Device, _x, _w, _bias, _y, Scratch);

    /// <summary>The first layer of a feed-forward network.</summary>
    [Benchmark]
    public void GeluTanh() => Linear.Run(Device, _x, _w, _bias, _y, Scratch, Activation.GeluTanh);
}
