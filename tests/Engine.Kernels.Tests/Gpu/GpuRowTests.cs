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

    // Values far from 0 (offset) show a mean that is not subtracted exactly.
    [Theory]
    [InlineData(1, 1, false, false, 0), InlineData(3, 7, true, false, 0), InlineData(5, 257, false, true, 0)]
    [InlineData(2, 5120, true, true, 100), InlineData(70, 192, false, false, 0)]
    public void Layer_norm_matches_reference(int rows, int columns, bool hasGain, bool hasBias, float offset)
    {
        using var bench = new GpuBench();
        var x = bench.Host.Noise([rows, columns], 1);
        foreach (ref float v in x.Span)
        {
            v += offset;
        }

        var gain = hasGain ? bench.Host.Noise([columns], 2) : default;
        var bias = hasBias ? bench.Host.Noise([columns], 3) : default;
        var want = bench.Host.Empty([rows, columns]);
        LayerNorm.Variants["Reference"](bench.Cpu, x, want, 1e-6f, gain, bias);
        var got = bench.Empty([rows, columns]);
        LayerNorm.Run(bench.Gpu, bench.Send(x), got, 1e-6f, bench.Send(gain), bench.Send(bias));
        TensorAssert.Close(want, bench.Receive(got), relative: 2e-6, absolute: 2e-6);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Modulated_norm_matches_reference(int rows, int columns)
    {
        using var bench = new GpuBench();
        var x = bench.Host.Noise([rows, columns], 1);
        var shift = bench.Host.Noise([3, columns], 2);
        var scale = bench.Host.Noise([3, columns], 3);
        int[] map = [.. Enumerable.Range(0, rows).Select(i => i * 2 % 3)];
        using var onHost = new RowMap(bench.Cpu, map);
        using var onDevice = new RowMap(bench.Gpu, map);
        foreach (bool mapped in new[] { true, false })
        {
            var want = bench.Host.Empty([rows, columns]);
            ModulatedNorm.Variants["Reference"](bench.Cpu, x, shift, scale, mapped ? onHost : null, want, 1e-6f);
            var got = bench.Send(x);
            ModulatedNorm.Run(bench.Gpu, got, bench.Send(shift), bench.Send(scale), mapped ? onDevice : null, got, 1e-6f);
            TensorAssert.Close(want, bench.Receive(got), relative: 2e-6, absolute: 4e-6);
        }
    }

    [Theory, InlineData(1, 1, 1), InlineData(5, 3, 5), InlineData(7, 2, 12), InlineData(300, 12, 64)]
    public void Rope_matches_reference(int length, int heads, int half)
    {
        using var bench = new GpuBench();
        var want = bench.Host.Noise([length, 2 * heads * half], 1);
        var cos = bench.Host.Noise([length, half], 2);
        var sin = bench.Host.Noise([length, half], 3);
        var got = bench.Send(want);
        Rope.Variants["Reference"](bench.Cpu, want, cos, sin, heads);
        Rope.Run(bench.Gpu, got, bench.Send(cos), bench.Send(sin), heads);
        TensorAssert.Close(want, bench.Receive(got), relative: 0, absolute: 3e-7);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Elementwise_operations_match_reference(int rows, int columns)
    {
        using var bench = new GpuBench();
        var a = bench.Host.Noise([rows, columns], 1, spread: 8);
        var b = bench.Host.Noise([rows, columns], 2);
        var gate = bench.Host.Noise([2, columns], 3);
        int[] map = [.. Enumerable.Range(0, rows).Select(i => i % 2)];
        using var onHost = new RowMap(bench.Cpu, map);
        using var onDevice = new RowMap(bench.Gpu, map);
        var (da, db, dgate) = (bench.Send(a), bench.Send(b), bench.Send(gate));

        var (want, got) = (bench.Host.Empty([rows, columns]), bench.Empty([rows, columns]));
        Elementwise.Combines["Reference"](bench.Cpu, a, 0.3f, b, -2, want);
        Elementwise.Combine(bench.Gpu, da, 0.3f, db, -2, got);
        TensorAssert.Close(want, bench.Receive(got), relative: 2e-7, absolute: 2e-7);

        // A factor of 0 means "not read".
        Elementwise.Combines["Reference"](bench.Cpu, a, 0.3f, want, 0, want);
        Elementwise.Combine(bench.Gpu, da, 0.3f, bench.Empty([rows, columns]), 0, got);
        TensorAssert.Close(want, bench.Receive(got), relative: 1e-7);

        (want, got) = (bench.Host.Copy(a), bench.Send(a));
        Elementwise.Multiplies["Reference"](bench.Cpu, b, want);
        Elementwise.Multiply(bench.Gpu, db, got);
        TensorAssert.Same(want, bench.Receive(got));

        Elementwise.Gates["Reference"](bench.Cpu, b, gate, onHost, want);
        Elementwise.AddGated(bench.Gpu, db, dgate, onDevice, got);
        TensorAssert.Close(want, bench.Receive(got), relative: 2e-7, absolute: 2e-7);
        Elementwise.Gates["Reference"](bench.Cpu, b, gate, null, want);
        Elementwise.AddGated(bench.Gpu, db, dgate, null, got);
        TensorAssert.Close(want, bench.Receive(got), relative: 2e-7, absolute: 4e-7);

        foreach (var activation in Enum.GetValues<Activation>())
        {
            (want, got) = (bench.Host.Copy(a), bench.Send(a));
            Elementwise.Activations["Reference"](bench.Cpu, want, activation);
            Elementwise.Activate(bench.Gpu, got, activation);
            TensorAssert.Close(want, bench.Receive(got), relative: 1e-6, absolute: 1e-7);
        }
    }

    [Theory, InlineData(1, 1, 1, 1, 1, 1, 1), InlineData(3, 2, 6, 10, 1, 2, 2), InlineData(5, 4, 6, 300, 2, 3, 2), InlineData(16, 5, 4, 6, 1, 2, 2)]
    public void Patches_are_cut_and_put_back_as_the_reference_does(int channels, int frames, int height, int width, int patchT, int patchH, int patchW)
    {
        using var bench = new GpuBench();
        var patch = (patchT, patchH, patchW);
        var latent = bench.Host.Noise([channels, frames, height, width], 1);
        int values = channels * patchT * patchH * patchW;
        Shape shape = [(int)(latent.Count / values), values];
        var want = bench.Host.Empty(shape);
        var got = bench.Empty(shape);
        Kernels.Patches.Gathers["Reference"](bench.Cpu, latent, want, patch);
        Kernels.Patches.Gather(bench.Gpu, bench.Send(latent), patch, got);
        TensorAssert.Same(want, bench.Receive(got));

        var back = bench.Host.Empty(latent.Shape);
        var gotBack = bench.Empty(latent.Shape);
        Kernels.Patches.Scatters["Reference"](bench.Cpu, back, want, patch);
        Kernels.Patches.Scatter(bench.Gpu, got, patch, gotBack);
        TensorAssert.Same(back, bench.Receive(gotBack));
    }
}
