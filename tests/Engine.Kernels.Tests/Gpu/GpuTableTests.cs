using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>Look-ups and the small operations on timesteps, on an accelerator.</summary>
[Collection("gpu")]
public sealed class GpuTableTests
{
    [Theory, InlineData(DType.BF16, 37), InlineData(DType.F8E4M3, 40), InlineData(DType.Q6_K, 512)]
    public void Embedding_widens_the_rows_that_are_asked_for(DType type, int columns)
    {
        using var bench = new GpuBench();
        using var blocks = type.IsBlockType() ? BlockWeightTests.Blocks(type, 9 * columns) : null;
        var table = blocks is null ? bench.Host.Weights(type, 9, columns, 1, scale: 0.5f) : new Weight(blocks, type, 9, columns);
        using var sent = bench.Send(table);
        int[] ids = [8, 0, 3, 3, 7];
        var want = bench.Host.Empty([5, columns]);
        Engine.Kernels.Embedding.Variants["Reference"](bench.Cpu, table, ids, want);
        var got = bench.Empty([5, columns]);
        Engine.Kernels.Embedding.Run(bench.Gpu, sent, ids, got);

        // Scale times q less a minimum may be rounded once or twice.
        TensorAssert.Close(want, bench.Receive(got), relative: type.IsBlockType() ? 2e-7 : 0, absolute: type.IsBlockType() ? 1e-7 : 0);
        Engine.Kernels.Embedding.Run(bench.Gpu, sent, [], got.Slice(0, 0));
    }

    [Theory, InlineData(1, 3), InlineData(2, 1), InlineData(77, 4)]
    public void Relative_bias_matches_reference(int length, int heads)
    {
        using var bench = new GpuBench();
        var table = bench.Host.Noise([32, heads], 1);
        var want = bench.Host.Empty([heads, length, length]);
        Engine.Kernels.RelativeBias.Variants["Reference"](bench.Cpu, table, length, 128, want);
        var got = bench.Empty(want.Shape);
        Engine.Kernels.RelativeBias.Run(bench.Gpu, bench.Send(table), length, 128, got);
        TensorAssert.Same(want, bench.Receive(got));
    }

    [Theory, InlineData(1, 256), InlineData(3, 6), InlineData(2, 2050)]
    public void Time_embeddings_are_the_hosts(int steps, int columns)
    {
        using var bench = new GpuBench();
        float[] timesteps = [.. Enumerable.Range(0, steps).Select(i => 999.5f - (i * 123.25f))];
        var want = bench.Host.Empty([steps, columns]);
        Engine.Kernels.TimeEmbedding.Run(bench.Cpu, timesteps, want);
        var got = bench.Empty(want.Shape);
        Engine.Kernels.TimeEmbedding.Run(bench.Gpu, timesteps, got);
        TensorAssert.Same(want, bench.Receive(got));
    }

    [Theory, InlineData(1, 1, false), InlineData(3, 300, false), InlineData(2, 19, true)]
    public void Modulation_matches_reference(int steps, int columns, bool shared)
    {
        using var bench = new GpuBench();
        var table = bench.Host.Noise([1, 6, columns], 1);
        var time = bench.Host.Noise([steps, shared ? columns : 6 * columns], 2);
        var want = bench.Host.Empty([6, steps, columns]);
        Engine.Kernels.Modulation.Variants["Reference"](bench.Cpu, table, time, want);
        var got = bench.Empty(want.Shape);
        Engine.Kernels.Modulation.Run(bench.Gpu, bench.Send(table), bench.Send(time), got);
        TensorAssert.Same(want, bench.Receive(got));
    }
}
