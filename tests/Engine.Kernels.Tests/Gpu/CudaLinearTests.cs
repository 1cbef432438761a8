using Engine.Kernels.Gpu;
using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>The tensor-core kernels of Linear, interpreted, against its reference.</summary>
public sealed unsafe class CudaLinearTests(ITestOutputHelper log)
{
    // Limits of the relative error over all of y (L2), a little above what rounding gives; see CudaLinear.
    static double Limit(DType type, bool precise) => (type, precise) switch
    {
        (DType.BF16 or DType.F32, true) => 6e-6,
        (DType.BF16, false) => 2e-3,
        (DType.F32, false) => 3e-3,
        (_, true) => 1e-6,
        (DType.Q8_0, false) => 4e-4,
        _ => 3e-4,
    };

    [Theory]
    [InlineData(DType.BF16, 70, 72, 104)]
    [InlineData(DType.F16, 70, 72, 104)]
    [InlineData(DType.F32, 65, 67, 100)]
    [InlineData(DType.F8E4M3, 33, 66, 80)]
    [InlineData(DType.F8E5M2, 64, 63, 48)]
    [InlineData(DType.Q8_0, 5, 70, 96)]
    public void Small_tiles_match_the_reference(DType type, int m, int n, int k)
    {
        Check(type, m, n, k, false, CopyTiming.Late);
        Check(type, m, n, k, true, CopyTiming.Early);
    }

    [Theory]
    [InlineData(DType.BF16)]
    [InlineData(DType.F16)]
    [InlineData(DType.F32)]
    [InlineData(DType.F8E4M3)]
    [InlineData(DType.F8E5M2)]
    [InlineData(DType.Q8_0)]
    public void Medium_tiles_match_the_reference(DType type) =>
        Check(type, 70, 132, 96, true, CopyTiming.Late, multiprocessors: 1);

    [Theory]
    [InlineData(DType.BF16)]
    [InlineData(DType.F16)]
    public void Large_tiles_match_the_reference(DType type) => Check(type, 136, 260, 72, false, CopyTiming.Late, large: true);

    [Theory, MemberData(nameof(Ends))]
    public void Every_end_matches_the_reference(Activation activation, LinearOutput output) =>
        Check(DType.BF16, 9, 18, 64, true, CopyTiming.Late, activation: activation, output: output);

    [Theory]
    [InlineData(DType.BF16)]
    [InlineData(DType.Q8_0)]
    public void Shares_of_k_add_up(DType type)
    {
        var plan = CudaLinear.Plan(type, 3, 70, 320, true, 64);
        Assert.True(plan.Splits > 1);
        var (error, queue) = Run(plan, CopyTiming.Early, Activation.GeluTanh, LinearOutput.AddGated);
        Assert.Contains(LinearReduce.Kernel.Name, queue.Ran);
        Assert.InRange(error, 0, Limit(type, true));
    }

    [Fact]
    public void Rows_that_are_packed_in_turns_end_in_their_places()
    {
        var plan = CudaLinear.Plan(DType.F16, 150, 40, 64, true, 4);
        var (error, queue) = Run(plan, CopyTiming.Late, Activation.None, LinearOutput.AddGated, mostRows: 64);
        Assert.Equal(3, queue.Ran.Count(name => name == PackRows.F16.Name));
        Assert.InRange(error, 0, Limit(DType.F16, true));
    }

    // What each line of the pipeline is for: without it the result must be wrong.
    [Theory]
    [InlineData(0, "bar.sync", "", 3)]
    [InlineData(1, "bar.sync", "", 3)]
    [InlineData(2, "bar.sync", "", 3)]
    [InlineData(0, "cp.async.wait_group 1", "cp.async.wait_group 2", 1)]
    public void A_missing_barrier_or_wait_shows(int index, string line, string instead, int expected)
    {
        var plan = CudaLinear.Plan(DType.BF16, 128, 128, 160, false, 1);
        Assert.Equal(CudaLinearKernels.Medium.Bf16, plan.Product);
        Assert.Equal(expected, Mutation.Count(SimQueue.Text(plan.Product), line));
        string Mutate(CudaKernel kernel, string ptx) => kernel == plan.Product ? Mutation.Replace(ptx, line, instead, index) : ptx;
        double worst = new[] { CopyTiming.Late, CopyTiming.Early }.Max(t => Run(plan, t, Activation.None, LinearOutput.Store, Mutate).Error);
        Assert.True(worst > 10 * Limit(DType.BF16, false), $"without it the error is still {worst:e1}");
    }

    public static TheoryData<Activation, LinearOutput> Ends()
    {
        var data = new TheoryData<Activation, LinearOutput>();
        foreach (var activation in Enum.GetValues<Activation>())
        {
            data.Add(activation, LinearOutput.Store);
        }

        data.Add(Activation.None, LinearOutput.Add);
        data.Add(Activation.GeluTanh, LinearOutput.AddGated);
        data.Add(Activation.Silu, LinearOutput.Multiply);
        return data;
    }

    void Check(
        DType type, int m, int n, int k, bool precise, CopyTiming timing,
        int multiprocessors = 64, bool large = false, Activation activation = Activation.None, LinearOutput output = LinearOutput.AddGated)
    {
        var plan = CudaLinear.Plan(type, m, n, k, precise, multiprocessors);
        if (large)
        {
            int tiles = (m + 127) / 128 * ((n + 255) / 256);
            plan = plan with { Product = type == DType.BF16 ? CudaLinearKernels.Bf16Large : CudaLinearKernels.F16Large, GridX = tiles, Splits = 1 };
        }

        var (error, _) = Run(plan, timing, activation, output);
        log.WriteLine($"{plan.Product.Name}, {m} x {n} x {k}, {plan.Splits} splits, {plan.Passes} passes: error {error:e2}");
        Assert.InRange(error, 0, Limit(type, precise));
    }

    static (double Error, SimQueue Queue) Run(
        CudaLinearPlan plan, CopyTiming timing, Activation activation, LinearOutput output, Func<CudaKernel, string, string>? mutate = null, int mostRows = 0)
    {
        var (m, n, k) = (plan.Rows, plan.Outputs, plan.Inputs);
        var device = TestDevices.Cpu(Isa.Vector128);
        using var memory = new GuardedMemory(device);
        var x = memory.Noise([m, k], 1);
        using var w = Weights(memory, plan.Type, n, k);
        var bias = memory.Noise([n], 3);
        var gate = memory.Noise([3, n], 4);
        int[] map = [.. Enumerable.Range(0, m).Select(i => i * 7 % 3)];
        using var rows = new RowMap(device, map);
        var y = memory.Noise([m, n], 5);
        float[] before = y.ToArray();
        Linear.Variants["Reference"](device, new LinearCall(x, w, bias, y, activation, output, gate, rows, default));

        var global = new SimMemory();
        var queue = new SimQueue(global, timing) { Mutate = mutate };
        ulong to = global.Put<float>(before);
        var end = new LinearEnd
        {
            Bias = global.Put<float>(bias.ToArray()),
            Gate = global.Put<float>(gate.ToArray()),
            Map = global.Put<int>(map),
            Y = to,
            Scale = w.Scale,
            Activation = (int)activation,
            Output = (int)output,
        };
        ulong stored = global.Put<byte>(new ReadOnlySpan<byte>(w.Address, (int)w.Bytes));
        ulong from = global.Put<float>(x.ToArray());
        if (mostRows == 0)
        {
            CudaLinear.RunPlan(queue, plan, from, stored, end, global.Blank((int)(plan.ScratchBytes / 4)));
        }
        else
        {
            long bytes = CudaLinear.ScratchBytes(plan.Type, m, n, k, plan.Passes > 1, queue.Multiprocessors, mostRows);
            end = end with { Rows = m, Width = n };
            CudaLinear.Run(queue, plan.Type, k, plan.Passes > 1, from, stored, end, global.Blank((int)(bytes / 4)), mostRows);
        }

        float[] got = global.Get<float>(to, m * n);
        float[] want = y.ToArray();
        double errors = 0;
        double squares = 0;
        for (int i = 0; i < got.Length; i++)
        {
            errors += Math.Pow((double)got[i] - want[i], 2);
            squares += Math.Pow((double)want[i] - (output == LinearOutput.Store ? 0 : before[i]), 2);
        }

        // What was there before is left out of the size, so that it does not hide errors of the product.
        return (double.IsNaN(errors) ? double.PositiveInfinity : Math.Sqrt(errors / squares), queue);
    }

    static Weight Weights(GuardedMemory memory, DType type, int rows, int columns)
    {
        if (type != DType.Q8_0)
        {
            return memory.Weights(type, rows, columns, 2, scale: type is DType.F8E4M3 or DType.F8E5M2 ? 0.0625f : 1);
        }

        var storage = memory.Block(type.Bytes((long)rows * columns));
        var random = new Random(2);
        for (int block = 0; block < rows * columns / 32; block++)
        {
            var bytes = new Span<byte>(storage.Address + (block * 34), 34);
            random.NextBytes(bytes);
            System.Buffers.Binary.BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)((random.NextSingle() + 0.1) / 127));
        }

        return new Weight(storage, type, rows, columns);
    }
}
