using Engine.Kernels.Profiling;
using Xunit;

namespace Engine.Kernels.Tests.Profiling;

/// <summary>Forcing a variant reaches every device of the process, so that nothing else may run meanwhile.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class AloneCollection;

/// <summary>Every operation runs alone through its probe, reports itself, and agrees with its reference in every variant of the host.</summary>
[Collection("alone")]
public sealed class ProbeTests
{
    public static TheoryData<string> Operations => [.. Probe.All.Select(p => p.Name)];

    [Theory, MemberData(nameof(Operations))]
    public void Variants_agree_with_the_reference_and_say_when_they_are_done(string operation)
    {
        var probe = Probe.Find(operation);

        // 16 in every direction is a shape of every operation.
        int[] shape = [.. probe.Form.Split('x').Select(_ => 16)];
        float[][] want = Run(probe, "Reference", shape, isReference: true);
        foreach (string variant in probe.Table.Names.Where(n => n.StartsWith("Cpu", StringComparison.Ordinal)))
        {
            float[][] got = Run(probe, variant, shape, isReference: false);
            for (int i = 0; i < want.Length; i++)
            {
                double limit = probe.Tolerance * want[i].Max(Math.Abs);
                Assert.All(want[i].Zip(got[i]), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= limit, $"{variant}: {pair}"));
            }
        }
    }

    [Fact]
    public void Kernels_lie_within_their_operation()
    {
        var gpu = TestDevices.Gpu();
        var probe = Probe.Find("RmsNorm");
        using var bench = new ProbeBench(gpu);
        var run = probe.Prepare(bench, [16, 64]);
        run();
        using var recorder = new DeviceRecorder(gpu);
        run();
        var spans = recorder.Spans();
        Assert.Equal(("RmsNorm", "GpuRowPerGroup", false), (spans[0].Name, spans[0].Variant, spans[0].IsKernel));
        Assert.Equal(("RmsNorm.RowPerGroup", 0, true), (spans[1].Name, spans[1].Parent, spans[1].IsKernel));
        Assert.InRange(spans[1].Start, spans[0].Start, spans[0].Start + spans[0].Seconds);
        Assert.InRange(spans[1].Start + spans[1].Seconds, spans[0].Start, spans[0].Start + spans[0].Seconds + 1e-9);
        Assert.True(spans[1].Seconds > 0);
    }

    [Fact]
    public void An_operation_that_never_ends_is_named()
    {
        using var device = new CpuDevice(threads: 1);
        using var recorder = new DeviceRecorder(device);
        device.Skips("Forgetful", 1, 1);
        Assert.Contains("Forgetful", Assert.Throws<InvalidOperationException>(() => recorder.Spans()).Message, StringComparison.Ordinal);
    }

    static float[][] Run(Probe probe, string variant, int[] shape, bool isReference)
    {
        using var device = new CpuDevice(threads: 2);
        using var bench = new ProbeBench(device, DType.BF16, isReference);
        probe.Table.Forced = variant;
        try
        {
            var run = probe.Prepare(bench, shape);
            using var recorder = new DeviceRecorder(device);
            run();
            var span = Assert.Single(recorder.Spans(), s => s.Name == probe.Name.Replace("Winograd", "", StringComparison.Ordinal));
            Assert.NotEqual("", span.Variant);
            return [.. bench.Results.Select(r => r.ToArray())];
        }
        catch (NotSupportedException) when (!isReference)
        {
            // The table says that this variant is for other shapes; its own tests reach those.
            return Run(probe, "Reference", shape, isReference: true);
        }
        finally
        {
            probe.Table.Forced = null;
        }
    }
}
