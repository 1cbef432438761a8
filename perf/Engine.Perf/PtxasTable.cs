using System.Globalization;
using System.Reflection;
using System.Text;
using Engine.Kernels.Gpu;
using ILGPU.Runtime;

namespace Engine.Perf;

/// <summary>Assembles every CUDA kernel for every chip and writes what it takes of a multiprocessor.</summary>
static class PtxasTable
{
    sealed record Row(string Name, MethodInfo Method, KernelSpecialization Specialization, int Threads, int Shared);

    /// <summary>Writes the table to a file, or prints it.</summary>
    /// <returns>Exit code: 0, or 1 when there is no ptxas or a kernel has a stack frame or spills.</returns>
    public static int Run(string? file)
    {
        if (Ptxas.Find(out string reason) is not { } ptxas)
        {
            Console.Error.WriteLine(reason);
            return 1;
        }

        var text = new StringBuilder();
        text.AppendLine("# Resources of the CUDA kernels").AppendLine();
        text.AppendLine("Made by `Engine.Perf ptxas perf/records/ptxas.md` without a GPU: PTX 7.8 by ILGPU, assembled by");
        text.AppendLine(CultureInfo.InvariantCulture, $"ptxas {ptxas.Version.Split(',')[0]}. No time was measured: these figures say what fits, not how fast it is.");
        text.AppendLine("Registers per thread; groups that fit a multiprocessor; share of its warps. Shared memory is static + dynamic, bytes per group.");
        int bad = Section(text, ptxas, "Tensor cores", CudaKernels.All.Select(k => new Row(k.Name, k.Method, k.Specialization, k.Threads, k.SharedBytes)));

        // Kernels of one thread per group run on processors only.
        bad += Section(text, ptxas, "Portable", GpuKernel.All.Where(k => k.Group > 1).Select(k => new Row(k.Name, k.Method, k.Specialization, k.Group, 0)));
        text.AppendLine().AppendLine(bad == 0 ? "No kernel has a stack frame or spills." : $"{bad} kernels have a stack frame or spills.");
        string table = text.ToString().Replace("\r\n", "\n", StringComparison.Ordinal);
        if (file is null)
        {
            Console.Write(table);
        }
        else
        {
            File.WriteAllText(file, table);
        }

        return bad == 0 ? 0 : 1;
    }

    static int Section(StringBuilder text, Ptxas ptxas, string title, IEnumerable<Row> rows)
    {
        text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"## {title}");
        text.AppendLine(CultureInfo.InvariantCulture, $"| kernel | threads | shared | {string.Join(" | ", Ptxas.Architectures)} | stack, spills |");
        text.AppendLine(CultureInfo.InvariantCulture, $"|---|---|---|{string.Concat(Ptxas.Architectures.Select(_ => "---|"))}---|");
        int bad = 0;
        foreach (var row in rows)
        {
            Console.Error.WriteLine(row.Name);
            using var compiler = new OfflinePtx();
            string ptx = compiler.Compile(row.Method, row.Specialization);
            var reports = Ptxas.Architectures.Select(a => (Chip: a, Report: ptxas.Assemble(ptx, a))).ToArray();
            int stack = reports.Max(r => r.Report.StackBytes);
            int spills = reports.Max(r => r.Report.SpillBytes);
            bad += stack + spills > 0 ? 1 : 0;
            text.AppendLine(CultureInfo.InvariantCulture, $"| {row.Name} | {row.Threads} | {reports[0].Report.SharedBytes} + {row.Shared} | {string.Join(" | ", reports.Select(r => Cell(r.Chip, r.Report, row)))} | {stack}, {spills} |");
        }

        return bad;
    }

    static string Cell(string chip, PtxasReport report, Row row)
    {
        int groups = report.GroupsPerSm(chip, row.Threads, row.Shared);
        double share = report.Occupancy(chip, row.Threads, row.Shared);
        return string.Create(CultureInfo.InvariantCulture, $"{report.Registers}, {groups}, {share * 100:F0} %");
    }
}
