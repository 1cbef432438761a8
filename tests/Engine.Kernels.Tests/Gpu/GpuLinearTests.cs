using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>The linear layer on an accelerator.</summary>
[Collection("gpu")]
public sealed class GpuLinearTests
{
    static readonly (int M, int K, int N)[] s_shapes =
    [
        // Less than a tile in every direction; whole tiles; tails; several blocks of inputs and of rows.
        (1, 1, 1), (3, 257, 33), (5, 40, 24), (17, 900, 15), (80, 192, 192), (130, 513, 140), (200, 20, 36), (256, 64, 128),
    ];

    public static TheoryData<string, int> Shapes()
    {
        var data = new TheoryData<string, int>();
        for (int i = 0; i < s_shapes.Length; i++)
        {
            data.Add("GpuPanels", i);
            data.Add("GpuTiles", i);
            if (s_shapes[i].M <= 8)
            {
                data.Add("GpuDots", i);
            }
        }

        return data;
    }

    // How a type is read is the same code in every variant, and each compilation takes a second: all types meet one variant.
    public static TheoryData<string, DType> Types()
    {
        var data = new TheoryData<string, DType> { { "GpuTiles", DType.BF16 }, { "GpuTiles", DType.Q5_K }, { "GpuDots", DType.Q8_0 } };
        foreach (var type in Enum.GetValues<DType>().Where(t => t.IsWeightType()))
        {
            data.Add("GpuPanels", type);
        }

        return data;
    }

    public static TheoryData<string> Variants => ["GpuPanels", "GpuTiles", "GpuDots"];

    [Theory, MemberData(nameof(Shapes))]
    public void Matches_reference_at_every_shape(string variant, int shape)
    {
        var (m, k, n) = s_shapes[shape];
        using var bench = new GpuBench();
        Check(bench, variant, m, bench.Host.Weights(DType.F32, n, k, 2), Activation.None, LinearOutput.Store, bias: shape % 2 == 0);
    }

    [Theory, MemberData(nameof(Variants))]
    public void Matches_reference_in_every_form(string variant)
    {
        using var bench = new GpuBench();
        var w = bench.Host.Weights(DType.F32, 43, 400, 2);
        foreach (var activation in Enum.GetValues<Activation>())
        {
            foreach (var output in Enum.GetValues<LinearOutput>())
            {
                Check(bench, variant, 7, w, activation, output, bias: activation != Activation.None);
            }
        }
    }

    [Theory, MemberData(nameof(Types))]
    public void Matches_reference_with_every_type_of_weights(string variant, DType type)
    {
        using var bench = new GpuBench();
        if (type.IsBlockType())
        {
            using var storage = BlockWeightTests.Blocks(type, 33 * 512);
            Check(bench, variant, 6, new Weight(storage, type, 33, 512), Activation.None, LinearOutput.Store, bias: true);
            return;
        }

        // 90 inputs: rows that begin at odd places; 64: rows that are read in whole vectors.
        float scale = type is DType.F8E4M3 or DType.F8E5M2 ? 0.0625f : 1;
        Check(bench, variant, 6, bench.Host.Weights(type, 33, 90, 2, scale), Activation.None, LinearOutput.Store, bias: true);
        Check(bench, variant, 6, bench.Host.Weights(type, 33, 64, 2, scale), Activation.None, LinearOutput.Store, bias: true);
    }

    [Fact]
    public void The_front_takes_no_scratch_and_accepts_no_rows()
    {
        using var bench = new GpuBench();
        using var scratch = new Workspace(bench.Gpu);
        using var w = bench.Send(bench.Host.Weights(DType.F32, 5, 600, 2));
        var x = bench.Empty([4, 600]);
        x.Fill(1);
        var y = bench.Empty([4, 5]);
        Linear.Run(bench.Gpu, x.Slice(0, 0), w, default, y.Slice(0, 0), scratch);
        Linear.Run(bench.Gpu, x, w, default, y, scratch);
        Linear.Run(bench.Gpu, x, w, default, y, scratch, Activation.Silu, LinearOutput.Multiply);
        Assert.Equal(0, scratch.Capacity);
        Assert.DoesNotContain(y.ToArray(), float.IsNaN);
    }

    static void Check(GpuBench bench, string variant, int m, Weight w, Activation activation, LinearOutput output, bool bias)
    {
        var (n, k) = (w.Rows, w.Columns);
        var x = bench.Host.Noise([m, k], 1);
        var b = bias ? bench.Host.Noise([n], 3) : default;
        var gate = bench.Host.Noise([3, n], 4);
        int[] map = [.. Enumerable.Range(0, m).Select(i => i * 7 % 3)];
        using var rows = new RowMap(bench.Cpu, map);
        var want = bench.Host.Noise([m, n], 5);
        var got = bench.Send(want);
        Linear.Variants["Reference"](bench.Cpu, new LinearCall(x, w, b, want, activation, output, gate, rows, default));

        using var sentRows = new RowMap(bench.Gpu, map);
        using var sent = bench.Send(w);
        var call = new LinearCall(bench.Send(x), sent, bench.Send(b), got, activation, output, bench.Send(gate), sentRows, default);
        Linear.Variants[variant](bench.Gpu, call);

        // The documented tolerance: 2e-6 of the root of the sum of squared terms.
        double size = Math.Sqrt(k) * TermSize(w);
        TensorAssert.Close(want, bench.Receive(got), relative: 2e-6, absolute: 2e-6 * size);
    }

    // Root mean square of a product of a weight and a value spread over -1 to 1.
    static unsafe double TermSize(Weight w)
    {
        double squares = 0;
        long count = (long)w.Rows * w.Columns;
        for (long i = 0; i < count; i++)
        {
            double v = Widening.Reference(w.Type, w.Address, i) * (double)w.Scale;
            squares += v * v;
        }

        return Math.Sqrt(squares / count / 3);
    }
}
