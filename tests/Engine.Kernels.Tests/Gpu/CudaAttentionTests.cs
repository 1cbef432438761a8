using Engine.Kernels.Gpu;
using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>The tensor-core kernels of Attention, interpreted, against its reference.</summary>
public sealed unsafe class CudaAttentionTests(ITestOutputHelper log)
{
    // Largest error relative to the largest value of v; see CudaAttention.
    const double Reduced = 1e-2;
    const double Precise = 5e-5;

    // Less than a block of keys and of queries, more than one of each, and exact multiples.
    [Theory]
    [InlineData(64, 5, 3, 2)]
    [InlineData(80, 70, 37, 1)]
    [InlineData(128, 33, 64, 1)]
    [InlineData(64, 130, 70, 1)]
    public void Matches_the_reference(int depth, int queries, int keys, int heads)
    {
        Check(depth, queries, keys, heads, precise: false, bias: false, copies: 1, CopyTiming.Late);
        Check(depth, queries, keys, heads, precise: true, bias: false, copies: 1, CopyTiming.Early);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bias_and_copies_of_the_last_key_count(bool precise)
    {
        Check(64, 21, 41, 2, precise, bias: true, copies: 1, CopyTiming.Early);
        Check(64, 21, 41, 1, precise, bias: false, copies: 300, CopyTiming.Late);
        Check(64, 3, 32, 1, precise, bias: true, copies: 7, CopyTiming.Late);
    }

    [Fact]
    public void Masked_keys_have_no_weight()
    {
        var got = Run(64, 9, 70, 1, true, masked: 50, copies: 1, CopyTiming.Late, spread: 3);
        Assert.InRange(got, 0, Precise);
    }

    [Fact]
    public void Large_scores_neither_overflow_nor_vanish()
    {
        // Scores of some thousands: one key takes all, and which one is decided far above rounding.
        var got = Run(64, 9, 70, 1, true, masked: 0, copies: 1, CopyTiming.Late, spread: 40);
        Assert.InRange(got, 0, 0.02);
    }

    [Theory]
    [InlineData("bar.sync", "")]
    [InlineData("cp.async.wait_group 0", "cp.async.wait_group 1")]
    public void A_missing_barrier_or_wait_shows(string line, string instead)
    {
        Assert.Equal(1, Mutation.Count(SimQueue.Text(CudaAttention.Reduced64), line));
        string Mutate(CudaKernel kernel, string ptx) => kernel == CudaAttention.Reduced64 ? Mutation.Replace(ptx, line, instead, 0) : ptx;
        double worst = new[] { CopyTiming.Late, CopyTiming.Early }.Max(t => Run(64, 128, 96, 1, false, masked: -1, copies: 1, t, spread: 1, Mutate));
        Assert.True(worst > 10 * Reduced, $"without it the error is still {worst:e1}");
    }

    void Check(int depth, int queries, int keys, int heads, bool precise, bool bias, int copies, CopyTiming timing)
    {
        double error = Run(depth, queries, keys, heads, precise, bias ? 0 : -1, copies, timing, spread: 3);
        log.WriteLine($"{depth}, {queries} x {keys} x {heads}{(precise ? ", in parts" : "")}: error {error:e2}");
        Assert.InRange(error, 0, precise ? Precise : Reduced);
    }

    // masked: keys whose bias is minus infinity; -1 for no bias at all.
    static double Run(
        int depth, int queries, int keys, int heads, bool precise, int masked, int copies, CopyTiming timing, float spread,
        Func<CudaKernel, string, string>? mutate = null)
    {
        var device = TestDevices.Cpu(Isa.Vector128);
        using var memory = new GuardedMemory(device);
        using var scratch = new Workspace(device);
        var q = memory.Noise([queries, heads * depth], 1, spread);
        var k = memory.Noise([keys, heads * depth], 2, spread);
        var v = memory.Noise([keys, heads * depth], 3);
        var b = masked < 0 ? default : memory.Noise([heads, queries, keys], 4, spread: 5);
        for (int i = 0; masked > 0 && i < queries; i++)
        {
            b.Span.Slice(i * keys, masked).Fill(float.NegativeInfinity);
        }

        var want = memory.Empty([queries, heads * depth]);
        float scale = 1 / MathF.Sqrt(depth);
        Attention.Variants["Reference"](device, new AttentionCall(q, k, v, want, heads, depth, scale, b, scratch) { LastKeyCopies = copies });

        var global = new SimMemory();
        var queue = new SimQueue(global, timing) { Mutate = mutate };
        var plan = CudaAttention.Plan(queries, keys, heads, depth, precise);
        ulong y = global.Put<float>(q.ToArray());
        ulong bias = masked < 0 ? 0 : global.Put<float>(b.ToArray());
        CudaAttention.Run(
            queue, plan, y, global.Put<float>(k.ToArray()), global.Put<float>(v.ToArray()), y, bias, scale, copies, global.Blank((int)(plan.ScratchBytes / 4)));
        double worst = 0;
        foreach (var (got, expected) in global.Get<float>(y, queries * heads * depth).Zip(want.ToArray()))
        {
            double error = Math.Abs((double)got - expected);
            worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
        }

        return worst;
    }
}
