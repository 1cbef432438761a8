using Engine.Kernels.Gpu;
using Engine.Testing;
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

    // One test for all of them: they are many and small. Kernels of one thread per group run on processors only.
    [Fact]
    public void Portable_kernels_assemble_without_stack_or_spills()
    {
        var ptxas = Ptxas.Find(out string reason);
        Assert.SkipWhen(ptxas is null, reason);
        var faults = new System.Collections.Concurrent.ConcurrentBag<string>();
        Parallel.ForEach(GpuKernel.All.Where(k => k.Group > 1), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, kernel =>
        {
            using var compiler = new OfflinePtx();
            string ptx = compiler.Compile(kernel.Method, kernel.Specialization);
            foreach (string chip in Ptxas.Architectures)
            {
                var report = ptxas.Assemble(ptx, chip);
                if (report.StackBytes + report.SpillBytes > 0)
                {
                    faults.Add($"{kernel.Name} on {chip}: {report}");
                }
            }
        });
        Assert.Empty(faults);
        Assert.NotEmpty(GpuKernel.All);
    }

    [Fact]
    public void The_record_has_every_tensor_core_kernel()
    {
        string record = File.ReadAllText(Path.Combine(Repository.Root, "perf", "records", "ptxas.md"));
        var missing = CudaKernels.All.Where(k => !record.Contains($"| {k.Name} | {k.Threads} | 0 + {k.SharedBytes} |", StringComparison.Ordinal));
        Assert.True(!missing.Any(), $"run 'Engine.Perf ptxas perf/records/ptxas.md': {string.Join(", ", missing.Select(k => k.Name))}");
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
