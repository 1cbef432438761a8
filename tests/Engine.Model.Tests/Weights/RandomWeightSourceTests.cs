using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Weights;
using Xunit;

namespace Engine.Model.Tests.Weights;

public sealed class RandomWeightSourceTests
{
    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    [InlineData(DType.F16)]
    [InlineData(DType.F8E4M3)]
    [InlineData(DType.F8E5M2)]
    [InlineData(DType.Q8_0)]
    [InlineData(DType.Q4_K)]
    public void Values_are_the_same_however_they_are_read(DType type)
    {
        using var source = new RandomWeightSource("random", [("a.weight", [100, 1024])], type);
        var tensor = source.Find("a.weight")!;
        var whole = new byte[tensor.Bytes];
        source.Read(tensor, 0, whole);
        var parts = new byte[tensor.Bytes];
        for (int at = 0; at < parts.Length; at += 777)
        {
            source.Read(tensor, at, parts.AsSpan(at, Math.Min(777, parts.Length - at)));
        }

        Assert.Equal(whole, parts);
        using var device = new CpuDevice(threads: 1);
        float[] values = new WeightStore(source, device).Root.Vector("a.weight", [100, 1024]).ToArray();
        Assert.InRange(Math.Sqrt(values.Average(value => value * value)), 0.030, 0.0325);
    }

    [Fact]
    public void Rows_that_no_block_fills_stay_in_f32()
    {
        using var source = new RandomWeightSource("random", [("a.weight", [4, 256]), ("b.weight", [4, 16, 1, 2, 2])], DType.Q4_K);

        Assert.Equal(DType.Q4_K, source.Find("a.weight")!.Type);
        Assert.Equal(DType.F32, source.Find("b.weight")!.Type);
        Assert.Throws<ArgumentException>(() => new RandomWeightSource("random", [], DType.Q6_K));
    }

    [Fact]
    public void Matrices_have_unit_gain_and_norms_are_one()
    {
        using var device = new CpuDevice(threads: 1);
        using var source = new RandomWeightSource(
            "random", [("norm1.weight", [8]), ("a.gamma", [8, 1, 1]), ("a.weight", [400, 100]), ("a.bias", [400])], DType.F32);
        var store = new WeightStore(source, device);

        Assert.All(store.Root.Vector("norm1.weight", [8]).ToArray(), value => Assert.Equal(1, value));
        Assert.All(store.Root.Vector("a.gamma", [8, 1, 1]).ToArray(), value => Assert.Equal(1, value));
        float[] matrix = store.Root.Vector("a.weight", [400, 100]).ToArray();
        Assert.InRange(Math.Sqrt(matrix.Average(value => value * value)), 0.095, 0.105);
        Assert.InRange(matrix.Average(), -0.005, 0.005);
        Assert.InRange(store.Root.Vector("a.bias", [400]).ToArray().Max(), 0.02, 0.04);
        store.Complete();
    }

    [Fact]
    public void A_14B_model_takes_no_memory_until_it_is_read()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        using var source = new RandomWeightSource("14B", ExpectedTensors.Of(KnownModels.T2V14B), DType.BF16);

        Assert.InRange(source.Tensors.Sum(t => t.Bytes), 28_000_000_000, 29_000_000_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }
}
