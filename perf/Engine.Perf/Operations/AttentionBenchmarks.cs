using BenchmarkDotNet.Attributes;
using Engine.Kernels;

namespace Engine.Perf.Operations;

/// <summary>Self-attention and cross-attention of the 1.3B model, CLIP's odd width, and the built-in model.</summary>
[InProcess]
public class AttentionBenchmarks : KernelBenchmarks
{
    Tensor _q;
    Tensor _k;
    Tensor _v;
    Tensor _y;
    int _heads;

    /// <summary>Queries, keys, heads, head width.</summary>
    [Params("1280x1280x12x128", "1280x512x12x128", "257x257x16x80", "80x80x3x64")]
    public string Size { get; set; } = "";

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        Open();
        int[] size = Array.ConvertAll(Size.Split('x'), int.Parse);
        _heads = size[2];
        int width = size[2] * size[3];
        _q = Noise([size[0], width]);
        _k = Noise([size[1], width]);
        _v = Noise([size[1], width]);
        _y = Noise([size[0], width]);
    }

    /// <summary>Softmax attention.</summary>
    [Benchmark]
    public void Attend() => Attention.Run(Device, _q, _k, _v, _y, _heads, 0.1f, Scratch);
}
