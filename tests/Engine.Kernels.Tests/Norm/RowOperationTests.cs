using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Operations that treat rows by themselves: norms, rotary embedding, elementwise operations.</summary>
public sealed class RowOperationTests
{
    // 1, 7: remainders only; 64: whole vectors; 65: both; 5120: model width.
    public static TheoryData<int, int> Sizes => new()
    {
        { 1, 1 }, { 3, 7 }, { 5, 64 }, { 70, 65 }, { 2, 5120 }, { 300, 192 },
    };

    static CpuDevice Device => TestDevices.Cpu(Isa.Vector128);

    [Theory, MemberData(nameof(Sizes))]
    public void Layer_norm_matches_reference(int rows, int columns)
    {
        using var memory = new GuardedMemory(Device);
        var x = memory.Noise([rows, columns], 1);
        var gain = memory.Noise([columns], 2);
        var bias = memory.Noise([columns], 3);
        foreach (var (g, b) in new[] { (gain, bias), (gain, default), (default, bias), (default, default) })
        {
            var want = memory.Empty([rows, columns]);
            var got = memory.Copy(x);
            LayerNorm.Variants["Reference"](Device, x, want, 1e-5f, g, b);
            LayerNorm.Variants["CpuVector"](Device, got, got, 1e-5f, g, b);
            TensorAssert.Close(want, got, relative: 2e-6, absolute: 2e-6);
        }
    }

    [Fact]
    public void Layer_norm_keeps_its_accuracy_far_from_zero()
    {
        using var memory = new GuardedMemory(Device);
        var x = memory.Noise([2, 1536], 1);
        foreach (ref float v in x.Span)
        {
            v += 100;
        }

        var want = memory.Empty([2, 1536]);
        var got = memory.Empty([2, 1536]);
        LayerNorm.Variants["Reference"](Device, x, want, 1e-6f, default, default);
        LayerNorm.Run(Device, x, got, 1e-6f);

        TensorAssert.Close(want, got, relative: 2e-6, absolute: 2e-6);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Modulated_norm_matches_reference(int rows, int columns)
    {
        using var memory = new GuardedMemory(Device);
        var x = memory.Noise([rows, columns], 1);
        var shift = memory.Noise([3, columns], 2);
        var scale = memory.Noise([3, columns], 3);
        using var map = new RowMap(Device, [.. Enumerable.Range(0, rows).Select(i => i * 5 % 3)]);
        foreach (var rowMap in new[] { map, null })
        {
            var want = memory.Empty([rows, columns]);
            var got = memory.Copy(x);
            ModulatedNorm.Variants["Reference"](Device, x, shift, scale, rowMap, want, 1e-5f);
            ModulatedNorm.Variants["CpuVector"](Device, got, shift, scale, rowMap, got, 1e-5f);
            TensorAssert.Close(want, got, relative: 2e-6, absolute: 4e-6);
        }
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Rms_norm_matches_reference(int rows, int columns)
    {
        using var memory = new GuardedMemory(Device);
        var x = memory.Noise([rows, columns], 1);
        var gain = memory.Noise([columns], 2);
        var want = memory.Empty([rows, columns]);
        var got = memory.Copy(x);
        RmsNorm.Variants["Reference"](Device, x, gain, want, 1e-6f);
        RmsNorm.Variants["CpuVector"](Device, got, gain, got, 1e-6f);
        TensorAssert.Close(want, got, relative: 2e-6);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 3, 5)]
    [InlineData(7, 2, 12)]
    [InlineData(300, 12, 64)]
    public void Rope_matches_reference(int length, int heads, int half)
    {
        using var memory = new GuardedMemory(Device);
        var want = memory.Noise([length, 2 * heads * half], 1);
        var got = memory.Copy(want);
        var cos = memory.Noise([length, half], 2);
        var sin = memory.Noise([length, half], 3);
        Rope.Variants["Reference"](Device, want, cos, sin, heads);
        Rope.Variants["CpuVector"](Device, got, cos, sin, heads);
        TensorAssert.Close(want, got, relative: 0, absolute: 3e-7);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Elementwise_operations_match_reference(int rows, int columns)
    {
        using var memory = new GuardedMemory(Device);
        var a = memory.Noise([rows, columns], 1);
        var b = memory.Noise([rows, columns], 2);
        var gate = memory.Noise([2, columns], 3);
        using var map = new RowMap(Device, [.. Enumerable.Range(0, rows).Select(i => i % 2)]);

        var (want, got) = (memory.Empty([rows, columns]), memory.Empty([rows, columns]));
        Elementwise.Combines["Reference"](Device, a, 0.3f, b, -2, want);
        Elementwise.Combine(Device, a, 0.3f, b, -2, got);
        TensorAssert.Close(want, got, relative: 2e-7, absolute: 2e-7);

        // A factor of 0 means "not read".
        Elementwise.Combines["Reference"](Device, a, 0.3f, want, 0, want);
        Elementwise.Combine(Device, a, 0.3f, memory.Empty([rows, columns]), 0, got);
        TensorAssert.Close(want, got, relative: 1e-7);

        (want, got) = (memory.Copy(a), memory.Copy(a));
        Elementwise.Multiplies["Reference"](Device, b, want);
        Elementwise.Multiply(Device, b, got);
        TensorAssert.Same(want, got);

        Elementwise.Gates["Reference"](Device, b, gate, map, want);
        Elementwise.AddGated(Device, b, gate, map, got);
        TensorAssert.Close(want, got, relative: 2e-7, absolute: 2e-7);

        foreach (var activation in Enum.GetValues<Activation>())
        {
            (want, got) = (memory.Copy(a), memory.Copy(a));
            Elementwise.Activations["Reference"](Device, want, activation);
            Elementwise.Activate(Device, got, activation);
            TensorAssert.Close(want, got, relative: 1e-6, absolute: 1e-7);
        }
    }

    [Fact]
    public void Bits_do_not_depend_on_the_number_of_threads_and_nothing_is_allocated()
    {
        using var memory = new GuardedMemory(TestDevices.Cpu(Isa.Vector128, 1));
        var x = memory.Noise([700, 320], 1);
        var g = memory.Noise([1, 320], 2);
        var c = memory.Noise([700, 32], 3);
        var want = All(TestDevices.Cpu(Isa.Vector128, 1), 2);
        foreach (int threads in new[] { 2, 4 })
        {
            TensorAssert.Same(want, All(TestDevices.Cpu(Isa.Vector128, threads), 2));
        }

        Tensor All(CpuDevice device, int times)
        {
            var y = memory.Copy(x);
            long before = 0;
            for (int i = 0; i < times; i++)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
                LayerNorm.Run(device, y, y, 1e-6f, g.Reshape([320]), g.Reshape([320]));
                ModulatedNorm.Run(device, y, g, g, null, y, 1e-6f);
                RmsNorm.Run(device, y, g, y, 1e-6f);
                Rope.Run(device, y, c, c, 5);
                Elementwise.AddGated(device, x, g, null, y);
                Elementwise.Activate(device, y, Activation.GeluErf);
                Elementwise.MulAdd(device, x, 0.5f, y);
            }

            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
            return y;
        }
    }

    [Fact]
    public void Operands_that_do_not_fit_are_refused()
    {
        using var memory = new GuardedMemory(Device);
        var x = memory.Noise([4, 6], 1);
        var narrow = memory.Noise([4, 5], 2);
        using var map = new RowMap(Device, [0, 1]);
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(Device, x, narrow, 0));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(Device, x, x, 0, memory.Noise([5], 1)));
        Assert.Throws<ArgumentException>(() => LayerNorm.Run(Device, x, x, 0, default, memory.Noise([5], 1)));
        Assert.Throws<ArgumentException>(() => ModulatedNorm.Run(Device, x, x, narrow, null, x, 0));
        Assert.Throws<ArgumentException>(() => ModulatedNorm.Run(Device, x, x, x, map, x, 0));
        Assert.Throws<ArgumentException>(() => RmsNorm.Run(Device, x, narrow, x, 0));
        Assert.Throws<ArgumentException>(() => Rope.Run(Device, x, narrow, narrow, 1));
        Assert.Throws<ArgumentException>(() => Elementwise.Add(Device, x, narrow));
        Assert.Throws<ArgumentException>(() => Elementwise.AddGated(Device, x, narrow, null, x));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RowMap(Device, [0, -1]));
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    [InlineData(DType.F8E4M3)]
    public void Embedding_widens_the_rows_asked_for(DType type)
    {
        using var memory = new GuardedMemory(Device);
        var table = memory.Weights(type, 9, 13, 1, scale: 0.5f);
        var y = memory.Empty([3, 13]);
        Embedding.Run(Device, table, [8, 0, 8], y);
        unsafe
        {
            for (int i = 0; i < 39; i++)
            {
                int row = i is >= 13 and < 26 ? 0 : 8;
                Assert.Equal(Widening.Reference(type, table.Address, (row * 13) + (i % 13)) * 0.5f, y.Span[i]);
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => Embedding.Run(Device, table, [9, 0, 0], y));
        Assert.Throws<ArgumentOutOfRangeException>(() => Embedding.Run(Device, table, [-1, 0, 0], y));
        Assert.Throws<ArgumentException>(() => Embedding.Run(Device, table, [1], y));
    }
}
