using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>Operations on rows, on an accelerator.</summary>
[Collection("gpu")]
public sealed class GpuRowTests
{
    // 1, 7: fewer columns than threads; 257: one more than threads; 5120: model width.
    public static TheoryData<int, int> Sizes => new()
    {
        { 1, 1 }, { 3, 7 }, { 5, 257 }, { 2, 5120 }, { 70, 192 },
    };

    [Theory, MemberData(nameof(Sizes))]
    public void Rms_norm_matches_reference(int rows, int columns)
    {
        using var bench = new GpuBench();
        var x = bench.Host.Noise([rows, columns], 1);
        var gain = bench.Host.Noise([columns], 2);
        var want = bench.Host.Empty([rows, columns]);
        RmsNorm.Variants["Reference"](bench.Cpu, x, gain, want, 1e-6f);
        var got = bench.Empty([rows, columns]);
        RmsNorm.Variants["GpuRowPerGroup"](bench.Gpu, bench.Send(x), bench.Send(gain), got, 1e-6f);
        TensorAssert.Close(want, bench.Receive(got), relative: 2e-6);
    }
}
