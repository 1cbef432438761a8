using Engine.Kernels;

namespace Engine.Runtime.Verification;

/// <summary>Totals of a verification.</summary>
/// <param name="Passed">Comparisons within their limit.</param>
/// <param name="Failed">Comparisons outside it, cases that could not run among them.</param>
public sealed record VerificationResult(int Passed, int Failed);

/// <summary>Runs golden cases and compares every output with the reference's.</summary>
public static class Verifier
{
    /// <summary>Runs the cases found in <paramref name="folders"/>.</summary>
    /// <param name="folders">Folders that hold cases, or cases themselves.</param>
    /// <param name="only">Names of the cases to run, or null for all; each name must exist.</param>
    /// <param name="device">Where to run them.</param>
    /// <param name="report">Called for each comparison as it is made.</param>
    /// <param name="cancel">Checked between cases and between steps.</param>
    /// <exception cref="EngineException">A folder holds no case, or a case named in <paramref name="only"/> does not exist.</exception>
    public static async Task<VerificationResult> RunAsync(
        IReadOnlyList<string> folders, IReadOnlyCollection<string>? only, Device device, Action<VerificationRow> report, CancellationToken cancel)
    {
        var cases = Find(folders, only);
        int passed = 0;
        int failed = 0;
        foreach (string folder in cases)
        {
            cancel.ThrowIfCancellationRequested();
            await RunCaseAsync(folder, device, Count, cancel).ConfigureAwait(false);
        }

        return new VerificationResult(passed, failed);

        void Count(VerificationRow row)
        {
            _ = row.Passed ? passed++ : failed++;
            report(row);
        }
    }

    /// <summary>The case folders below <paramref name="folders"/>, in ordinal order of name.</summary>
    /// <exception cref="EngineException">As <see cref="RunAsync"/>.</exception>
    public static IReadOnlyList<string> Find(IReadOnlyList<string> folders, IReadOnlyCollection<string>? only)
    {
        var found = new List<string>();
        foreach (string folder in folders)
        {
            if (!Directory.Exists(folder))
            {
                throw new EngineException(ErrorKind.BadInput, $"{folder} is not a folder; give one that holds golden cases.");
            }

            var here = File.Exists(Path.Combine(folder, "case.json"))
                ? [folder]
                : Directory.EnumerateDirectories(folder).Where(d => File.Exists(Path.Combine(d, "case.json"))).Order(StringComparer.Ordinal).ToList();
            if (here.Count == 0)
            {
                throw new EngineException(ErrorKind.BadInput, $"{folder} holds no golden case (a folder with a case.json).");
            }

            found.AddRange(here);
        }

        if (only is null)
        {
            return found;
        }

        var names = found.ToLookup(f => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(f))), StringComparer.Ordinal);
        var missing = only.Where(n => !names.Contains(n)).ToList();
        return missing.Count == 0
            ? [.. only.Distinct(StringComparer.Ordinal).SelectMany(n => names[n])]
            : throw new EngineException(ErrorKind.BadInput, $"No golden case named {string.Join(", ", missing)} in {string.Join(", ", folders)}.");
    }

    static async Task RunCaseAsync(string folder, Device device, Action<VerificationRow> report, CancellationToken cancel)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        try
        {
            using var golden = GoldenCase.Open(folder);
            var run = new CaseRun(golden, device, report);
            switch (golden.Kind)
            {
                case "tokenizer": TokenizerCases.Run(run); break;
                case "noise": NoiseCases.Run(run); break;
                case "scheduler": SchedulerCases.Run(run); break;
                case "dequantise": DequantiseCases.Run(run); break;
                case "motion": MotionCases.Run(run); break;
                case "module": ModuleCases.Run(run); break;
                case "pipeline": await PipelineCases.RunAsync(run, cancel).ConfigureAwait(false); break;
                default: run.Fail("case", $"this engine does not know the kind '{golden.Kind}'"); break;
            }

            run.FailWhatWasNotCompared();
        }
        catch (EngineException e)
        {
            // A case that cannot run is a failed comparison, so that the other cases are still reported.
            report(new VerificationRow(name, "case", double.PositiveInfinity, 0, e.Message));
        }
    }
}
