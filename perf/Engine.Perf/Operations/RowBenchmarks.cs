using BenchmarkDotNet.Attributes;
using Engine.Kernels;

namespace Engine.Perf.Operations;

/// <summary>Norms, rotary embedding, activations and residuals: bound by memory, so compare bytes per second.</summary>
[InProcess]
public class RowBenchmarks : KernelBenchmarks
{
    Tensor _x;
    Tensor _y;
    Tensor _row;
    Tensor _angles;

    /// <summary>Tokens x width.</summary>
    [Params("1280x1536", "80x192")]
    public string Size { get; set; } = "";

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        Open();
        int[] size = Array.ConvertAll(Size.Split('x'), int.Parse);
        _x = Noise([size[0], size[1]]);
        _y = Noise([size[0], size[1]]);
        _row = Noise([1, size[1]]);
        _angles = Noise([size[0], 32]);
    }

    /// <summary>Layer norm.</summary>
    [Benchmark]
    public void LayerNorm() => Engine.Kernels.LayerNorm.Run(Device, _x, _y, 1e-6f);

    /// <summary>Modulated layer norm.</summary>
    [Benchmark]
    public void ModulatedNorm() => Engine.Kernels.ModulatedNorm.Run(Device, _x, _row, _row, null, _y, 1e-6f);

    /// <summary>Root-mean-square norm.</summary>
    [Benchmark]
    public void RmsNorm() => Engine.Kernels.RmsNorm.Run(Device, _x, _row, _y, 1e-6f);

    /// <summary>Rotary embedding, heads of 64.</summary>
    [Benchmark]
    public void Rope() => Engine.Kernels.Rope.Run(Device, _x, _angles, _angles, _x.Columns / 64);

    /// <summary>Gated residual.</summary>
    [Benchmark]
    public void AddGated() => Elementwise.AddGated(Device, _x, _row, null, _y);

    /// <summary>tanh-GELU in place.</summary>
    [Benchmark]
    public void GeluTanh() => Elementwise.Activate(Device, _y, Activation.GeluTanh);
}
