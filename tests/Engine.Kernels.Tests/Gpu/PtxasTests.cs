using Engine.Kernels.Gpu;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>Every CUDA kernel assembles for every chip, and keeps all it works on in registers.</summary>
public sealed class PtxasTests(ITestOutputHelper log)
{
    public static TheoryData<string> Kernels => [.. CudaKernels.All.Select(k => k.Name)];

    [Theory, MemberData(nameof(Kernels))]
    public void Assembles_without_stack_or_spills(string name)
    {
        var ptxas = Ptxas.Find(out string reason);
        Assert.SkipWhen(ptxas is null, reason);
        var kernel = CudaKernels.All.Single(k => k.Name == name);
        string ptx = SimQueue.Text(kernel);
        foreach (string chip in Ptxas.Architectures)
        {
            var report = ptxas.Assemble(ptx, chip);
            log.WriteLine($"{name}, {chip}: {report.Registers} registers, {report.GroupsPerSm(chip, kernel.Threads, kernel.SharedBytes)} groups");
            Assert.Equal(0, report.StackBytes);
            Assert.Equal(0, report.SpillBytes);
            Assert.True(report.GroupsPerSm(chip, kernel.Threads, kernel.SharedBytes) >= 1, $"{name} does not fit a multiprocessor of {chip}");
        }
    }

    [Fact]
    public void Names_are_unique() => Assert.Equal(CudaKernels.All.Count(), CudaKernels.All.Select(k => k.Name).Distinct().Count());

    [Fact]
    public void Text_that_is_wrong_is_refused_with_the_assemblers_words()
    {
        var ptxas = Ptxas.Find(out string reason);
        Assert.SkipWhen(ptxas is null, reason);
        string ptx = SimQueue.Text(PackRows.Bf16).Replace("shl.b32", "shl.b33", StringComparison.Ordinal);
        var e = Assert.Throws<InvalidOperationException>(() => ptxas.Assemble(ptx, "sm_80"));
        Assert.Contains("error", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Spills_are_seen()
    {
        var ptxas = Ptxas.Find(out string reason);
        Assert.SkipWhen(ptxas is null, reason);

        // Room for four groups leaves 64 registers, and the sums alone take as many.
        string ptx = SimQueue.Text(CudaLinearKernels.Medium.Bf16).Replace(".minnctapersm 2", ".minnctapersm 4", StringComparison.Ordinal);
        Assert.True(ptxas.Assemble(ptx, "sm_80").SpillBytes > 0);
    }
}
