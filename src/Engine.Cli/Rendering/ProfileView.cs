using System.Text.Json.Nodes;
using Engine.Runtime.Profiling;

namespace Engine.Cli.Rendering;

/// <summary>Shows a profile as a table, or as JSON.</summary>
static class ProfileView
{
    const double Visible = 0.0005;

    /// <summary>The table, with the device's peak above it and the sums below.</summary>
    /// <param name="report">What was recorded.</param>
    /// <param name="all">True shows rows of less than a tenth of a per cent too.</param>
    public static void Write(ProfileReport report, bool all)
    {
        Output.Fields(
            ("work", report.Runs == 1 ? report.What : $"{report.What}, {report.Runs} times"),
            ("device", report.Device),
            ("peak", $"{report.Peak.FlopsPerSecond / 1e9:0} GFLOP/s in f32, {report.Peak.BytesPerSecond / 1e9:0.0} GB/s, measured"),
            ("timing", report.Method));
        Console.Out.WriteLine();
        var shown = report.Rows.Where(r => all || r.Share >= Visible).ToArray();
        Output.Table(
            ["operation", "variant", ">calls", ">time", ">each", ">share", ">GFLOP/s", ">GB/s", ">flop/byte", ">of roofline", "bound by"],
            shown.Select(Cells));
        if (shown.Length < report.Rows.Count)
        {
            Console.Out.WriteLine($"({report.Rows.Count - shown.Length} more rows below 0.05 %; --all shows them)");
        }

        Console.Out.WriteLine();
        double busy = report.BusySeconds;
        Output.Fields(
            ("total", $"{Time(report.Seconds)}, of which operations {Time(busy)} ({100 * busy / report.Seconds:0.0} %)"),
            ("launches", report.Launches == 0 ? null : $"{report.Launches}{(report.LaunchesPerStep is { } each ? $", {each} in one denoising step" : "")}"),
            ("allocated", report.BytesPerStep is { } bytes ? $"{bytes} managed bytes in one denoising step, the report of its progress included" : null));
        if (shown.Any(r => r.RooflineShare > 1))
        {
            Console.Out.WriteLine("Above 100 %: the operands stay in caches, which the roofline of the memory does not know.");
        }
    }

    /// <summary>The same as JSON, without the single calls (a trace has those).</summary>
    public static JsonObject Json(ProfileReport report) => new()
    {
        ["work"] = report.What,
        ["runs"] = report.Runs,
        ["device"] = report.Device,
        ["timing"] = report.Method,
        ["peak_gflops"] = Math.Round(report.Peak.FlopsPerSecond / 1e9, 1),
        ["peak_gb_per_second"] = Math.Round(report.Peak.BytesPerSecond / 1e9, 2),
        ["seconds"] = report.Seconds,
        ["operation_seconds"] = report.BusySeconds,
        ["launches"] = report.Launches,
        ["launches_per_step"] = report.LaunchesPerStep,
        ["managed_bytes_per_step"] = report.BytesPerStep,
        ["rows"] = new JsonArray([.. report.Rows.Select(r => (JsonNode)Json(r))]),
    };

    /// <summary>What came of the checks, below the table.</summary>
    public static void Write(KernelReport report)
    {
        foreach (var check in report.Checks)
        {
            Console.Out.WriteLine(
                $"{check.Variant}: largest difference from the reference {check.Error:0.0e+00} of the largest value, allowed {check.Limit:0.0e+00}: {(check.Passed ? "ok" : "FAILED")}");
        }

        if (report.Skipped.Count > 0)
        {
            Console.Out.WriteLine($"not on this device at this shape: {string.Join(", ", report.Skipped)}");
        }
    }

    /// <summary>Table and checks as JSON.</summary>
    public static JsonObject Json(KernelReport report)
    {
        var json = Json(report.Report);
        json["checks"] = new JsonArray([.. report.Checks.Select(c => (JsonNode)new JsonObject
        {
            ["variant"] = c.Variant,
            ["error"] = Finite(c.Error),
            ["limit"] = c.Limit,
            ["ok"] = c.Passed,
        })]);
        json["skipped"] = new JsonArray([.. report.Skipped.Select(s => (JsonNode)s)]);
        return json;
    }

    static JsonObject Json(ProfileRow row) => new()
    {
        [row.IsKernel ? "kernel" : "operation"] = row.Name,
        ["variant"] = row.Variant,
        ["calls"] = row.Calls,
        ["seconds"] = row.Seconds,
        ["seconds_each"] = row.Each,
        ["share"] = Finite(row.Share),
        ["gflops"] = Finite(row.GFlops),
        ["gb_per_second"] = Finite(row.GBytes),
        ["flops_per_byte"] = row.Intensity,
        ["roofline_share"] = row.RooflineShare,
        ["bound_by"] = row.Bytes <= 0 ? null : row.IsComputeBound ? "arithmetic" : "memory",
    };

    static string[] Cells(ProfileRow row)
    {
        bool known = row.Bytes > 0;
        return
        [
            row.IsKernel ? $"  {row.Name}" : row.Name,
            row.Variant,
            $"{row.Calls}",
            Time(row.Seconds),
            Time(row.Each),
            $"{100 * row.Share:0.0} %",
            known && row.Flops > 0 ? $"{row.GFlops:0.0}" : "-",
            known ? $"{row.GBytes:0.0}" : "-",
            known ? $"{row.Intensity:0.0}" : "-",
            row.RooflineShare is { } share ? $"{100 * share:0} %" : "-",
            !known ? "" : row.IsComputeBound ? "arithmetic" : "memory",
        ];
    }

    static double? Finite(double value) => double.IsFinite(value) ? value : null;

    static string Time(double seconds) => seconds switch
    {
        >= 1 => $"{seconds:0.000} s",
        >= 1e-3 => $"{seconds * 1e3:0.000} ms",
        _ => $"{seconds * 1e6:0.0} us",
    };
}
