using System.Text.Json;
using Engine.Kernels;
using Engine.Kernels.Profiling;
using Engine.Runtime.Profiling;
using Xunit;

namespace Engine.Runtime.Tests.Profiling;

/// <summary>Sums of a profile and the trace that is written of it.</summary>
public sealed class ProfileTests
{
    static readonly Roofline s_peak = new(100e9, 10e9);

    // A product of two kernels with a transfer inside, then a norm that moves 10 MB in 2 ms.
    static readonly ProfileSpan[] s_spans =
    [
        new("Linear", "GpuTiles", -1, false, 1, 0.001, 0.004, 0.003, 60e6, 1e6),
        new("Linear.Pack", "", 0, true, 1, 0.001, 0.001, 0.001, 0, 0),
        new("Upload", "", 0, false, 1, 0.002, 0.001, 0.001, 0, 5e6),
        new("Linear.Tiles", "", 0, true, 1, 0.003, 0.002, 0.002, 0, 0),
        new("RmsNorm", "CpuVector", -1, false, 2, 0.006, 0.002, 0.002, 5e6, 10e6),
    ];

    [Fact]
    public void Rows_hold_each_operation_against_the_roofline()
    {
        var rows = ProfileTable.Of(s_spans, s_peak);
        Assert.Equal(["Linear", "Linear.Tiles", "Linear.Pack", "RmsNorm", "Upload"], rows.Select(r => r.Name));
        Assert.Equal(1, rows.Where(r => !r.IsKernel).Sum(r => r.Share), 9);

        // 60 operations per byte is beyond the ridge at 10: 20 of 100 GFLOP/s.
        Assert.True(rows[0].IsComputeBound);
        Assert.Equal((20, 0.2), (Math.Round(rows[0].GFlops, 9), Math.Round(rows[0].RooflineShare!.Value, 9)));

        // Two kernels share the product's work, in a proportion that nobody knows.
        Assert.Null(rows[1].RooflineShare);

        // Half an operation per byte is bound by memory: 5 of 10 GB/s.
        Assert.False(rows[3].IsComputeBound);
        Assert.Equal((5, 0.5), (Math.Round(rows[3].GBytes, 9), Math.Round(rows[3].RooflineShare!.Value, 9)));
    }

    [Fact]
    public void A_trace_has_complete_events_in_microseconds_and_names()
    {
        using var stream = new MemoryStream();
        ChromeTrace.Write(
            new ProfileReport
            {
                What = "test",
                Device = "opencl:0 (\"quoted\")",
                Method = "made up",
                Peak = s_peak,
                Runs = 1,
                Seconds = 0.01,
                Rows = ProfileTable.Of(s_spans, s_peak),
                Spans = s_spans,
                Stages = [new ProfileStage("step 1 of 1", 0, 0.01)],
            },
            stream);
        var events = JsonDocument.Parse(stream.ToArray()).RootElement.GetProperty("traceEvents").EnumerateArray().ToArray();
        var names = events.Where(e => e.GetProperty("ph").GetString() == "M").ToArray();
        Assert.Equal(["process_name", "thread_name", "thread_name", "thread_name"], names.Select(e => e.GetProperty("name").GetString()));
        var complete = events.Where(e => e.GetProperty("ph").GetString() == "X").ToDictionary(e => e.GetProperty("name").GetString()!);
        Assert.Equal(6, complete.Count);
        Assert.Equal((1000, 4000), (complete["Linear"].GetProperty("ts").GetDouble(), complete["Linear"].GetProperty("dur").GetDouble()));
        Assert.Equal(("operation", "kernel"), (complete["Linear"].GetProperty("cat").GetString(), complete["Linear.Tiles"].GetProperty("cat").GetString()));
        Assert.Equal(complete["Linear"].GetProperty("tid").GetInt32(), complete["Linear.Tiles"].GetProperty("tid").GetInt32());
        Assert.NotEqual(complete["Linear"].GetProperty("tid").GetInt32(), complete["RmsNorm"].GetProperty("tid").GetInt32());
        Assert.Equal("GpuTiles", complete["Linear"].GetProperty("args").GetProperty("variant").GetString());
    }

    [Fact]
    public void One_operation_runs_alone_as_often_as_asked()
    {
        using var device = new CpuDevice(threads: 1);

        // Neither a forced variant nor a check: both would reach the tests beside this one.
        var report = KernelProfiler.Run(Probe.Find("rmsnorm"), null, "16x64", DType.BF16, device, runs: 3, check: false, TestContext.Current.CancellationToken);
        var row = Assert.Single(report.Report.Rows);
        Assert.Equal(("RmsNorm", "CpuVector", 3, 3 * 8.0 * 16 * 64), (row.Name, row.Variant, row.Calls, row.Bytes));
    }

    [Theory]
    [InlineData("RmsNorm", "16", "16x64x2")]
    [InlineData("Linear", "16x0x16", "256x1536x1536")]
    [InlineData("Linear", "16xax16", "256x1536x1536")]
    public void A_shape_of_another_form_is_refused(string operation, string first, string second)
    {
        var probe = Probe.Find(operation);
        Assert.Contains(probe.Form, Assert.Throws<EngineException>(() => probe.ParseShape(first)).Message, StringComparison.Ordinal);
        if (operation == "RmsNorm")
        {
            Assert.Throws<EngineException>(() => probe.ParseShape(second));
        }
        else
        {
            Assert.Equal([256, 1536, 1536], probe.ParseShape(second));
        }
    }

    [Fact]
    public void An_unknown_operation_is_answered_with_those_there_are() =>
        Assert.Contains("Attention", Assert.Throws<EngineException>(() => Probe.Find("attenton")).Message, StringComparison.Ordinal);
}
