using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>The pipeline's own arithmetic on an accelerator: sampler steps, masks, statistics of latents, colours.</summary>
[Collection("gpu")]
public sealed class GpuPipelineOperationTests
{
    static readonly SolverTerm s_second = new(0.7f, -0.4f, -0.3f, -0.8f, 0.2f, 0.6f, Uses2: true);

    // 1: less than a group; 1000: several groups, the last not full.
    [Theory]
    [InlineData(1, false, false)]
    [InlineData(1000, true, false)]
    [InlineData(1000, true, true)]
    [InlineData(257, false, true)]
    public void Solver_step_matches_reference(int count, bool corrects, bool second)
    {
        using var bench = new GpuBench();
        var predictor = s_second with { Uses2 = second };
        var step = new SolverCoefficients(0.9f, predictor, corrects ? s_second with { Keep = 0.9f, Uses2 = second } : null);
        Tensor[] host = [.. Enumerable.Range(1, 5).Select(seed => bench.Host.Noise([count], seed))];
        Tensor[] sent = [.. host.Select(bench.Send)];
        SolverStep.Variants["Reference"](bench.Cpu, step, host[0], host[1], new SolverStates(host[2], host[3], host[4]));
        SolverStep.Variants["GpuStrided"](bench.Gpu, step, sent[0], sent[1], new SolverStates(sent[2], sent[3], sent[4]));
        for (int i = 0; i < host.Length; i++)
        {
            TensorAssert.Close(host[i], bench.Receive(sent[i]), relative: 0, absolute: 1e-6);
        }
    }

    [Fact]
    public void Solver_without_a_corrector_keeps_one_prediction()
    {
        using var bench = new GpuBench();
        var step = new SolverCoefficients(0.9f, s_second);
        Tensor[] host = [.. Enumerable.Range(1, 3).Select(seed => bench.Host.Noise([65], seed))];
        Tensor[] sent = [.. host.Select(bench.Send)];
        SolverStep.Run(bench.Cpu, step, host[0], host[1], host[2]);
        SolverStep.Run(bench.Gpu, step, sent[0], sent[1], sent[2]);
        TensorAssert.Close(host[1], bench.Receive(sent[1]), relative: 0, absolute: 1e-6);
        TensorAssert.Close(host[2], bench.Receive(sent[2]), relative: 0, absolute: 1e-6);
        Assert.Throws<ArgumentException>(() => SolverStep.Run(bench.Cpu, step with { Corrector = s_second }, host[0], host[1], host[2]));
    }

    [Fact]
    public void Select_takes_what_the_mask_names()
    {
        using var bench = new GpuBench();
        var mask = bench.Host.Noise([35], 1);
        var x = bench.Host.Noise([3, 35], 2);
        var want = bench.Host.Noise([3, 35], 3);
        var got = bench.Send(want);
        Select.Run(bench.Cpu, mask, x, want);
        Select.Run(bench.Gpu, bench.Send(mask), bench.Send(x), got);
        TensorAssert.Same(want, bench.Receive(got));
        Assert.Contains(want.ToArray(), x.ToArray().Contains);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Channel_affine_matches_reference(bool inverse)
    {
        using var bench = new GpuBench();
        var shift = bench.Host.Noise([5], 1);
        var factor = bench.Host.Noise([5], 2);
        foreach (ref float f in factor.Span)
        {
            f += 2;
        }

        var want = bench.Host.Noise([5, 3, 11], 3);
        var got = bench.Send(want);
        ChannelAffine.Run(bench.Cpu, want, shift, factor, inverse);
        ChannelAffine.Run(bench.Gpu, got, bench.Send(shift), bench.Send(factor), inverse);
        TensorAssert.Close(want, bench.Receive(got), relative: 2e-7, absolute: 2e-7);
    }

    // One bad value anywhere, at both ends above all, and one group more than the threads that look.
    [Theory]
    [InlineData(1, 0)]
    [InlineData(5000, 0)]
    [InlineData(5000, 4999)]
    [InlineData(5000, 2048)]
    public void Finite_finds_one_bad_value(int count, int at)
    {
        using var bench = new GpuBench();
        using var scratch = new Workspace(bench.Gpu);
        using var hostScratch = new Workspace(bench.Cpu);
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, 0 })
        {
            var x = bench.Host.Noise([count], 1);
            x.Span[at] = bad;
            bool want = Finite.Variants["Reference"](bench.Cpu, x, hostScratch);
            Assert.Equal(float.IsFinite(bad), want);
            Assert.Equal(want, Finite.All(bench.Cpu, x, hostScratch));
            Assert.Equal(want, Finite.All(bench.Gpu, bench.Send(x), scratch));
        }
    }

    [Fact]
    public void Finite_knows_large_sums_from_infinity()
    {
        using var device = new CpuDevice(threads: 1);
        using var scratch = new Workspace(device);
        using var x = device.NewTensor([100]);
        x.Fill(float.MaxValue);
        Assert.True(Finite.All(device, x, scratch));
    }

    [Fact]
    public void Colours_match_reference()
    {
        using var bench = new GpuBench();
        using var scratch = new Workspace(bench.Gpu);
        using var hostScratch = new Workspace(bench.Cpu);
        var want = bench.Host.Noise([7, 9, 3], 1, spread: 1.3f);
        want.Span[4] = float.NaN;
        var got = bench.Send(want);
        PixelRange.ToUnit(bench.Cpu, want);
        PixelRange.ToUnit(bench.Gpu, got);
        TensorAssert.Close(want, bench.Receive(got), relative: 0, absolute: 1e-7);

        var (wantBytes, gotBytes) = (new byte[want.Count], new byte[want.Count]);
        PixelRange.ToBytes(bench.Cpu, want, wantBytes, hostScratch);
        PixelRange.ToBytes(bench.Gpu, got, gotBytes, scratch);
        Assert.Equal(wantBytes, gotBytes);

        byte[] all = [.. Enumerable.Range(0, 257).Select(i => (byte)i)];
        var values = bench.Host.Empty([all.Length]);
        var onDevice = bench.Empty([all.Length]);
        PixelRange.FromBytes(bench.Cpu, all, values, hostScratch);
        PixelRange.FromBytes(bench.Gpu, all, onDevice, scratch);
        TensorAssert.Close(values, bench.Receive(onDevice), relative: 0, absolute: 1.2e-7);
    }
}
