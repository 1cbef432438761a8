using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests;

public sealed class AttentionTests
{
    static readonly (int Queries, int Keys, int Heads, int Depth)[] s_shapes =
    [
        // Tails of tiles, panels and blocks of keys; widths that no vector divides; one wide head as in the VAE.
        (1, 1, 1, 1), (7, 1, 2, 24), (1, 65, 3, 10), (12, 32, 1, 16), (13, 129, 2, 64), (64, 64, 2, 80), (65, 300, 1, 128),
        (80, 80, 3, 64), (257, 257, 1, 40), (490, 130, 1, 32), (50, 70, 1, 384), (30, 40, 1, 1024),
    ];

    public static TheoryData<string, Isa, int, bool> Cases()
    {
        var data = new TheoryData<string, Isa, int, bool>();
        foreach (string variant in Attention.Variants.Select(v => v.Name).Where(n => n.StartsWith("Cpu", StringComparison.Ordinal)))
        {
            foreach (var isa in TestDevices.Isas)
            {
                for (int i = 0; i < s_shapes.Length; i++)
                {
                    data.Add(variant, isa, i, false);
                    data.Add(variant, isa, i, true);
                }
            }
        }

        return data;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Matches_reference(string variant, Isa isa, int shape, bool bias)
    {
        var (queries, keys, heads, depth) = s_shapes[shape];
        var device = TestDevices.Cpu(isa);
        using var memory = new GuardedMemory(device);
        using var scratch = new Workspace(device);

        // Scores spread over some twenty powers of e at every width, as far as real ones do.
        float spread = depth > 128 ? 1.5f : 3;
        var q = memory.Noise([queries, heads * depth], 1, spread);
        var k = memory.Noise([keys, heads * depth], 2, spread);
        var v = memory.Noise([keys, heads * depth], 3);
        var b = bias ? memory.Noise([heads, queries, keys], 4, spread: 5) : default;
        var want = memory.Empty([queries, heads * depth]);
        var call = new AttentionCall(q, k, v, want, heads, depth, 1 / MathF.Sqrt(depth), b, scratch);
        Attention.Variants["Reference"](device, call);

        // The result may overwrite the queries.
        var got = memory.Copy(q);
        Attention.Variants[variant](device, call with { Q = got, Y = got });
        TensorAssert.Close(want, got, relative: 0, absolute: 3e-6);
    }

    [Fact]
    public void Large_scores_and_rising_ones_neither_overflow_nor_vanish()
    {
        foreach (var isa in TestDevices.Isas)
        {
            var device = TestDevices.Cpu(isa);
            using var memory = new GuardedMemory(device);
            using var scratch = new Workspace(device);
            var q = memory.Noise([5, 8], 1);
            var k = memory.Noise([400, 8], 2);
            for (int j = 0; j < 400; j++)
            {
                // The maximum rises from block to block, by far more than exp can hold.
                k.Span.Slice(j * 8, 8).Fill((j - 200) * 10);
            }

            q.Fill(2);
            var v = memory.Noise([400, 8], 3);
            var want = memory.Empty([5, 8]);
            var got = memory.Empty([5, 8]);
            var call = new AttentionCall(q, k, v, want, 1, 8, 1, default, scratch);
            Attention.Variants["Reference"](device, call);
            Attention.Run(device, q, k, v, got, 1, 1, scratch);
            TensorAssert.Close(want, got, relative: 0, absolute: 1e-6);
        }
    }

    [Fact]
    public void Masked_keys_have_no_weight()
    {
        foreach (var isa in TestDevices.Isas)
        {
            var device = TestDevices.Cpu(isa);
            using var memory = new GuardedMemory(device);
            using var scratch = new Workspace(device);
            var q = memory.Noise([3, 16], 1);
            var k = memory.Noise([300, 16], 2);
            var v = memory.Noise([300, 16], 3);
            var bias = memory.Noise([1, 3, 300], 4);
            for (int i = 0; i < 3; i++)
            {
                // The whole first block and more.
                bias.Span.Slice(i * 300, 200).Fill(float.NegativeInfinity);
            }

            var want = memory.Empty([3, 16]);
            var got = memory.Empty([3, 16]);
            Attention.Variants["Reference"](device, new AttentionCall(q, k, v, want, 1, 16, 0.25f, bias, scratch));
            Attention.Run(device, q, k, v, got, 1, 0.25f, scratch, bias);
            TensorAssert.Close(want, got, relative: 0, absolute: 1e-6);
        }
    }

    [Theory]
    [InlineData(20, 492)]
    [InlineData(1, 64)]
    [InlineData(128, 3)]
    [InlineData(150, 1)]
    public void Last_key_stands_for_many(int keys, int copies)
    {
        foreach (var isa in TestDevices.Isas)
        {
            var device = TestDevices.Cpu(isa);
            using var memory = new GuardedMemory(device);
            using var scratch = new Workspace(device);
            var q = memory.Noise([33, 48], 1, spread: 2);
            var k = memory.Noise([keys, 48], 2, spread: 2);
            var v = memory.Noise([keys, 48], 3);
            var allKeys = memory.Empty([keys + copies - 1, 48]);
            var allValues = memory.Empty([keys + copies - 1, 48]);
            for (int j = 0; j < allKeys.Rows; j++)
            {
                allKeys[j].CopyFrom(k[Math.Min(j, keys - 1)]);
                allValues[j].CopyFrom(v[Math.Min(j, keys - 1)]);
            }

            var want = memory.Empty([33, 48]);
            var call = new AttentionCall(q, allKeys, allValues, want, 3, 16, 0.25f, default, scratch);
            Attention.Variants["Reference"](device, call);

            var got = memory.Empty([33, 48]);
            Attention.Run(device, q, k, v, got, 3, 0.25f, scratch, lastKeyCopies: copies);
            TensorAssert.Close(want, got, relative: 0, absolute: 3e-6);

            var reference = memory.Empty([33, 48]);
            Attention.Variants["Reference"](device, call with { K = k, V = v, Y = reference, LastKeyCopies = copies });
            TensorAssert.Close(want, reference, relative: 0, absolute: 1e-6);
        }
    }

    [Theory]
    [InlineData(2048)]
    [InlineData(5000)]
    public void The_widest_heads_fit_the_stack_of_a_worker(int depth)
    {
        foreach (var isa in TestDevices.Isas)
        {
            var device = TestDevices.Cpu(isa);
            using var memory = new GuardedMemory(device);
            using var scratch = new Workspace(device);
            var q = memory.Noise([40, 2 * depth], 1, spread: 0.1f);
            var k = memory.Noise([70, 2 * depth], 2);
            var v = memory.Noise([70, 2 * depth], 3);
            var want = memory.Empty([40, 2 * depth]);
            var got = memory.Empty([40, 2 * depth]);
            Attention.Variants["Reference"](device, new AttentionCall(q, k, v, want, 2, depth, 0.1f, default, scratch));
            Attention.Run(device, q, k, v, got, 2, 0.1f, scratch);
            TensorAssert.Close(want, got, relative: 0, absolute: 3e-6);
        }
    }

    [Fact]
    public void Not_a_number_is_passed_on()
    {
        foreach (var isa in TestDevices.Isas)
        {
            var device = TestDevices.Cpu(isa);
            using var memory = new GuardedMemory(device);
            using var scratch = new Workspace(device);
            var q = memory.Noise([3, 16], 1);
            var k = memory.Noise([40, 16], 2);
            var v = memory.Noise([40, 16], 3);
            q.Span[20] = float.NaN;
            var got = memory.Empty([3, 16]);
            Attention.Run(device, q, k, v, got, 1, 0.25f, scratch);
            Assert.All(got.Span[16..32].ToArray(), x => Assert.True(float.IsNaN(x)));
            Assert.All(got.Span[..16].ToArray(), x => Assert.False(float.IsNaN(x)));
        }
    }

    [Theory]
    [InlineData(80, 80, 3, 64)]
    [InlineData(500, 300, 2, 40)]
    public void Bits_do_not_depend_on_the_number_of_threads_and_nothing_is_allocated(int queries, int keys, int heads, int depth)
    {
        foreach (var isa in TestDevices.Isas)
        {
            using var memory = new GuardedMemory(TestDevices.Cpu(isa, 1));
            var q = memory.Noise([queries, heads * depth], 1);
            var k = memory.Noise([keys, heads * depth], 2);
            var v = memory.Noise([keys, heads * depth], 3);
            var want = memory.Empty([queries, heads * depth]);
            using var scratch = new Workspace(memory.Device);
            Attention.Run(memory.Device, q, k, v, want, heads, 0.2f, scratch);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Attention.Run(memory.Device, q, k, v, want, heads, 0.2f, scratch);
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
            foreach (int threads in new[] { 2, 4 })
            {
                var device = TestDevices.Cpu(isa, threads);
                var got = memory.Empty([queries, heads * depth]);
                Attention.Run(device, q, k, v, got, heads, 0.2f, scratch);
                TensorAssert.Same(want, got);
            }
        }
    }

    [Fact]
    public void Operands_that_do_not_fit_are_refused()
    {
        var device = TestDevices.Cpu(Isa.Vector128);
        using var memory = new GuardedMemory(device);
        using var scratch = new Workspace(device);
        var q = memory.Noise([3, 12], 1);
        var k = memory.Noise([4, 12], 2);
        var y = memory.Empty([3, 12]);
        Assert.Throws<ArgumentException>(() => Attention.Run(device, q, k, k, y, 5, 1, scratch));
        Assert.Throws<ArgumentException>(() => Attention.Run(device, q, k, k, memory.Empty([4, 12]), 2, 1, scratch));
        Assert.Throws<ArgumentException>(() => Attention.Run(device, q, memory.Noise([4, 10], 1), memory.Noise([4, 10], 1), y, 2, 1, scratch));
        Assert.Throws<ArgumentException>(() => Attention.Run(device, q, k, k, y, 2, 1, scratch, memory.Noise([3, 4], 1)));
        Assert.Throws<ArgumentException>(() => Attention.Run(device, q, memory.Empty([0, 12]), memory.Empty([0, 12]), y, 2, 1, scratch));
    }
}
