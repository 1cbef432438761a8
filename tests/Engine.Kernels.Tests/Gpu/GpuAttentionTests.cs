using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>Attention on an accelerator.</summary>
[Collection("gpu")]
public sealed class GpuAttentionTests
{
    static readonly (int Queries, int Keys, int Heads, int Depth)[] s_shapes =
    [
        // Tails of tiles, panels and blocks of keys; widths that no vector divides; one wide head as in the VAE.
        (1, 1, 1, 1), (7, 1, 2, 24), (1, 65, 3, 10), (13, 129, 2, 64), (64, 64, 2, 80), (65, 300, 1, 128),
        (80, 80, 3, 96), (130, 140, 1, 40), (50, 70, 1, 384), (30, 40, 1, 1024),
    ];

    public static TheoryData<string, int, bool> Cases()
    {
        var data = new TheoryData<string, int, bool>();
        foreach (string variant in Variants.Select(row => row.Data))
        {
            for (int i = 0; i < s_shapes.Length; i++)
            {
                data.Add(variant, i, false);
                data.Add(variant, i, true);
            }
        }

        return data;
    }

    public static TheoryData<string> Variants => ["GpuPanels", "GpuTiles"];

    [Theory, MemberData(nameof(Cases))]
    public void Matches_reference(string variant, int shape, bool bias)
    {
        var (queries, keys, heads, depth) = s_shapes[shape];
        using var bench = new GpuBench();

        // Scores spread over some twenty powers of e at every width, as far as real ones do.
        float spread = depth > 128 ? 1.5f : 3;
        var q = bench.Host.Noise([queries, heads * depth], 1, spread);
        var k = bench.Host.Noise([keys, heads * depth], 2, spread);
        var v = bench.Host.Noise([keys, heads * depth], 3);
        var b = bias ? bench.Host.Noise([heads, queries, keys], 4, spread: 5) : default;
        Check(bench, variant, q, k, v, b, heads, 1 / MathF.Sqrt(depth), copies: 1, tolerance: 3e-6);
    }

    [Theory, MemberData(nameof(Variants))]
    public void Last_key_stands_for_many(string variant)
    {
        using var bench = new GpuBench();
        foreach (var (keys, copies) in ((int, int)[])[(20, 492), (1, 64), (128, 3), (150, 2)])
        {
            var q = bench.Host.Noise([33, 48], 1, spread: 2);
            var k = bench.Host.Noise([keys, 48], 2, spread: 2);
            var v = bench.Host.Noise([keys, 48], 3);
            Check(bench, variant, q, k, v, default, 3, 0.25f, copies, tolerance: 3e-6);
        }
    }

    [Theory, MemberData(nameof(Variants))]
    public void Large_scores_and_rising_ones_neither_overflow_nor_vanish(string variant)
    {
        using var bench = new GpuBench();
        var q = bench.Host.Noise([5, 8], 1);
        var k = bench.Host.Noise([400, 8], 2);
        for (int j = 0; j < 400; j++)
        {
            // The maximum rises from block to block, by far more than exp can hold.
            k.Span.Slice(j * 8, 8).Fill((j - 200) * 10);
        }

        q.Fill(2);
        Check(bench, variant, q, k, bench.Host.Noise([400, 8], 3), default, 1, 1, copies: 1, tolerance: 1e-6);
    }

    [Theory, MemberData(nameof(Variants))]
    public void Masked_keys_have_no_weight(string variant)
    {
        using var bench = new GpuBench();
        var bias = bench.Host.Noise([1, 3, 300], 4);
        for (int i = 0; i < 3; i++)
        {
            // The whole first block and more.
            bias.Span.Slice(i * 300, 200).Fill(float.NegativeInfinity);
        }

        var q = bench.Host.Noise([3, 16], 1);
        Check(bench, variant, q, bench.Host.Noise([300, 16], 2), bench.Host.Noise([300, 16], 3), bias, 1, 0.25f, copies: 1, tolerance: 1e-6);
    }

    [Theory, MemberData(nameof(Variants))]
    public void Not_a_number_is_passed_on(string variant)
    {
        using var bench = new GpuBench();
        using var scratch = new Workspace(bench.Gpu);
        var q = bench.Host.Noise([3, 16], 1);
        q.Span[20] = float.NaN;
        var y = bench.Send(q);
        var k = bench.Send(bench.Host.Noise([40, 16], 2));
        Attention.Variants[variant](bench.Gpu, new AttentionCall(y, k, k, y, 1, 16, 0.25f, default, scratch));
        float[] got = y.ToArray();
        Assert.All(got[16..32], x => Assert.True(float.IsNaN(x)));
        Assert.All(got[..16], x => Assert.False(float.IsNaN(x)));
        Assert.All(got[32..], x => Assert.False(float.IsNaN(x)));
    }

    [Fact]
    public void The_front_meets_views_that_begin_anywhere_and_no_queries()
    {
        using var bench = new GpuBench();
        using var scratch = new Workspace(bench.Gpu);
        var host = bench.Host.Noise([9, 6], 1);
        var all = bench.Send(host);
        var y = bench.Empty([3, 6]);
        Attention.Run(bench.Gpu, all.Slice(1, 3), all.Slice(4, 5), all.Slice(3, 5), y, 2, 0.5f, scratch);
        var want = bench.Host.Empty([3, 6]);
        using var none = new Workspace(bench.Cpu);
        Attention.Variants["Reference"](bench.Cpu, new AttentionCall(host.Slice(1, 3), host.Slice(4, 5), host.Slice(3, 5), want, 2, 3, 0.5f, default, none));
        TensorAssert.Close(want, bench.Receive(y), relative: 0, absolute: 1e-6);
        Attention.Run(bench.Gpu, all.Slice(1, 0), all.Slice(4, 5), all.Slice(3, 5), y.Slice(0, 0), 2, 0.5f, scratch);
    }

    static void Check(GpuBench bench, string variant, Tensor q, Tensor k, Tensor v, Tensor bias, int heads, float scale, int copies, double tolerance)
    {
        using var hostScratch = new Workspace(bench.Cpu);
        using var scratch = new Workspace(bench.Gpu);
        int depth = q.Columns / heads;
        var want = bench.Host.Empty(q.Shape);
        Attention.Variants["Reference"](bench.Cpu, new AttentionCall(q, k, v, want, heads, depth, scale, bias, hostScratch) { LastKeyCopies = copies });

        // The result may overwrite the queries.
        var y = bench.Send(q);
        var call = new AttentionCall(y, bench.Send(k), bench.Send(v), y, heads, depth, scale, bench.Send(bias), scratch)
        {
            LastKeyCopies = copies,
            QueryCopy = Attention.NeedsCopyOfQueries(bench.Gpu, y, y, depth) ? scratch.Take(q.Shape) : default,
        };
        Attention.Variants[variant](bench.Gpu, call);
        TensorAssert.Close(want, bench.Receive(y), relative: 0, absolute: tolerance);
    }
}
