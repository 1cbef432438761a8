using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests;

public sealed class LinearTests
{
    static readonly (int M, int K, int N)[] s_shapes =
    [
        // 1, 7: remainders only; 64, 96, 192: whole vectors, tiles and panels; 65, 130, 257: both; 513, 900: several blocks of inputs.
        (1, 1, 1), (1, 65, 7), (1, 513, 130), (2, 64, 64), (3, 257, 33), (5, 40, 24), (8, 192, 64), (12, 64, 32), (13, 65, 65),
        (16, 100, 48), (17, 900, 15), (25, 7, 129), (80, 192, 192), (97, 300, 31), (130, 513, 140), (970, 20, 36),
    ];

    public static TheoryData<string, Isa, int> Shapes()
    {
        var data = new TheoryData<string, Isa, int>();
        foreach (string variant in Linear.Variants.Select(v => v.Name).Where(n => n.StartsWith("Cpu", StringComparison.Ordinal)))
        {
            foreach (var isa in TestDevices.Isas)
            {
                for (int i = 0; i < s_shapes.Length; i++)
                {
                    data.Add(variant, isa, i);
                }
            }
        }

        return data;
    }

    public static TheoryData<string, Isa, DType, Activation, LinearOutput> Forms()
    {
        var data = new TheoryData<string, Isa, DType, Activation, LinearOutput>();
        foreach (string variant in Linear.Variants.Select(v => v.Name).Where(n => n.StartsWith("Cpu", StringComparison.Ordinal)))
        {
            foreach (var isa in TestDevices.Isas)
            {
                foreach (var type in new[] { DType.F32, DType.BF16, DType.F16, DType.F8E4M3, DType.F8E5M2 })
                {
                    data.Add(variant, isa, type, Activation.None, LinearOutput.Store);
                    data.Add(variant, isa, type, Activation.GeluTanh, LinearOutput.Add);
                }

                foreach (var activation in Enum.GetValues<Activation>())
                {
                    foreach (var output in Enum.GetValues<LinearOutput>())
                    {
                        data.Add(variant, isa, DType.BF16, activation, output);
                    }
                }
            }
        }

        return data;
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Matches_reference_at_every_shape(string variant, Isa isa, int shape)
    {
        var (m, k, n) = s_shapes[shape];
        Check(variant, isa, m, Inputs(variant, k), n, DType.F32, Activation.None, LinearOutput.Store, bias: shape % 2 == 0);
    }

    // Ragged rows and columns in either half, several blocks of inputs, bands and parts.
    [Theory]
    [InlineData(25, 32, 100)]
    [InlineData(24, 1616, 65)]
    [InlineData(530, 64, 450)]
    [InlineData(2700, 48, 70)]
    public void Strassens_products_match_the_reference(int m, int k, int n)
    {
        foreach (var isa in TestDevices.Isas)
        {
            Check("CpuStrassen", isa, m, k, n, DType.BF16, Activation.GeluTanh, LinearOutput.Store, bias: true);
            Check("CpuStrassen", isa, m, k, n, DType.F32, Activation.None, LinearOutput.AddGated, bias: false);
        }
    }

    [Theory, MemberData(nameof(Forms))]
    public void Matches_reference_in_every_form(string variant, Isa isa, DType type, Activation activation, LinearOutput output)
    {
        Check(variant, isa, 15, Inputs(variant, 1100), 43, type, activation, output, bias: true);
        Check(variant, isa, 3, Inputs(variant, 90), 41, type, activation, output, bias: false);
    }

    [Fact]
    public void Operands_that_do_not_fit_are_refused()
    {
        var device = TestDevices.Cpu(Isa.Vector128);
        using var memory = new GuardedMemory(device);
        using var scratch = new Workspace(device);
        var x = memory.Noise([3, 4], 1);
        var w = memory.Weights(DType.F32, 5, 6, 2);
        var y = memory.Empty([3, 5]);
        var e = Assert.Throws<ArgumentException>(() => Linear.Run(device, x, w, default, y, scratch));
        Assert.Equal("Linear: width of x is 4, expected 6.", e.Message);
        x = memory.Noise([3, 6], 1);
        Assert.Throws<ArgumentException>(() => Linear.Run(device, x, w, default, memory.Empty([2, 5]), scratch));
        Assert.Throws<ArgumentException>(() => Linear.Run(device, x, w, memory.Empty([4]), y, scratch));
        Assert.Throws<ArgumentException>(() => Linear.Run(device, x, w, default, y, scratch, output: LinearOutput.AddGated));
        using var rows = new RowMap(device, [0, 1, 2]);
        e = Assert.Throws<ArgumentException>(() =>
            Linear.Run(device, x, w, default, y, scratch, output: LinearOutput.AddGated, gate: memory.Noise([2, 5], 3), rows: rows));
        Assert.Equal("Linear: gate has 2 rows, but row 2 is asked for.", e.Message);
    }

    [Theory]
    [InlineData(1, 700, 300)]
    [InlineData(80, 192, 768)]
    [InlineData(1000, 300, 260)]
    [InlineData(530, 1040, 520)]
    public void Bits_do_not_depend_on_the_number_of_threads(int m, int k, int n)
    {
        foreach (var isa in TestDevices.Isas)
        {
            using var memory = new GuardedMemory(TestDevices.Cpu(isa, 1));
            var x = memory.Noise([m, k], 1);
            var w = memory.Weights(DType.BF16, n, k, 2);
            var bias = memory.Noise([n], 3);
            var want = memory.Empty([m, n]);
            using (var scratch = new Workspace(memory.Device))
            {
                Linear.Run(memory.Device, x, w, bias, want, scratch, Activation.GeluTanh);
            }

            foreach (int threads in new[] { 2, 4 })
            {
                var device = TestDevices.Cpu(isa, threads);
                using var scratch = new Workspace(device);
                var got = memory.Empty([m, n]);
                Linear.Run(device, x, w, bias, got, scratch, Activation.GeluTanh);
                TensorAssert.Same(want, got);
            }
        }
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        foreach (var isa in TestDevices.Isas)
        {
            var device = TestDevices.Cpu(isa);
            using var memory = new GuardedMemory(device);
            using var scratch = new Workspace(device);
            var x = memory.Noise([20, 300], 1);
            var w = memory.Weights(DType.BF16, 64, 300, 2);
            var y = memory.Empty([20, 64]);
            var (shortX, shortY) = (x.Slice(0, 2), y.Slice(0, 2));
            Linear.Run(device, shortX, w, default, shortY, scratch);
            Linear.Run(device, x, w, default, y, scratch, Activation.Silu, LinearOutput.Multiply);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Linear.Run(device, x, w, default, y, scratch, Activation.Silu, LinearOutput.Multiply);
            Linear.Run(device, x, w, default, y, scratch);
            Linear.Run(device, shortX, w, default, shortY, scratch);
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
    }

    [Fact]
    public void A_dry_run_takes_the_same_scratch()
    {
        using var dry = new DryDevice();
        using var scratch = new Workspace(dry, blockBytes: 64);
        using var weights = dry.Allocate(2L * 300 * 600);
        Linear.Run(dry, dry.NewTensor([20, 600]), new Weight(weights, DType.BF16, 300, 600), default, dry.NewTensor([20, 300]), scratch, output: LinearOutput.Multiply);
        Assert.Equal(20 * 300 * 4, scratch.Capacity);
        Assert.Equal(2.0 * 20 * 300 * 600, dry.Work["Linear"].Flops);
    }

    // Strassen's method takes inputs in multiples of 16.
    static int Inputs(string variant, int k) => variant == "CpuStrassen" ? (k + 15) / 16 * 16 : k;

    static void Check(string variant, Isa isa, int m, int k, int n, DType type, Activation activation, LinearOutput output, bool bias)
    {
        var device = TestDevices.Cpu(isa);
        using var memory = new GuardedMemory(device);
        var x = memory.Noise([m, k], 1);
        var w = memory.Weights(type, n, k, 2, scale: type is DType.F8E4M3 or DType.F8E5M2 ? 0.0625f : 1);
        var b = bias ? memory.Noise([n], 3) : default;
        var gate = memory.Noise([3, n], 4);
        using var rows = new RowMap(device, [.. Enumerable.Range(0, m).Select(i => i * 7 % 3)]);
        var want = memory.Noise([m, n], 5);
        var got = memory.Copy(want);
        bool strassen = variant == "CpuStrassen";
        var partial = strassen ? (output == LinearOutput.Store ? default : memory.Empty([m, n]))
            : Linear.NeedsPartials(k, activation, output) ? memory.Empty([m, n]) : default;
        var packed = strassen ? memory.Empty([checked((int)Linear.StrassenScratch(device, m, k, n))]) : default;
        var call = new LinearCall(x, w, b, want, activation, output, gate, rows, partial, packed);
        Linear.Variants["Reference"](device, call);
        Linear.Variants[variant](device, call with { Y = got });

        // The documented tolerance: 2e-6 of the root of the sum of squared terms, each a product of values spread over -1 to 1;
        // three times that for Strassen's method, which adds up sums of values.
        double tolerance = strassen ? 6e-6 : 2e-6;
        double size = (type == DType.F8E4M3 ? 8 : 1) * Math.Sqrt(k) / 3;
        TensorAssert.Close(want, got, relative: tolerance, absolute: tolerance * size);
    }
}
