using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace Engine.Perf.Operations;

/// <summary>How operations are measured: in this process, for some twenty seconds at most each, with medians and whole names.</summary>
sealed class OperationConfig : ManualConfig
{
    const int MostRuns = 25;
    const int NameWidth = 100;

    /// <summary>Makes the configuration.</summary>
    public OperationConfig()
    {
        Add(DefaultConfig.Instance);
        AddJob(Job.Default
            .WithToolchain(InProcessEmitToolchain.Instance)
            .WithIterationTime(TimeInterval.FromMilliseconds(250))
            .WithMaxIterationCount(MostRuns));
        AddColumn(StatisticColumn.Median, StatisticColumn.Min);
        HideColumns("Method");
        WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(NameWidth));
    }
}
