using System.Text.Json;
using Engine.Kernels;
using Engine.Kernels.Profiling;
using Engine.Runtime.Media;

namespace Engine.Runtime.Profiling;

/// <summary>Writes a profile in Chrome's trace event format, which Perfetto and chrome://tracing open.</summary>
/// <remarks>
/// One process with a track of stages, one track of operations per thread of the host that asked for them, and, for devices that
/// have kernels, kernels nested in their operations. Complete events ("X") with times in microseconds; names of the process and its
/// tracks as metadata events ("M"). The format: docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.
/// </remarks>
public static class ChromeTrace
{
    const int Process = 1;
    const int StageTrack = 1;
    const int FirstTrack = 2;

    /// <summary>Writes the file; beside and renamed, so that nothing half-written is left.</summary>
    /// <exception cref="EngineException">It cannot be written.</exception>
    public static void Save(ProfileReport report, string path)
    {
        string beside = OutputFile.TemporaryFor(path);
        try
        {
            using (var file = File.Create(beside))
            {
                Write(report, file);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(beside);
            throw new EngineException(ErrorKind.BadOutput, $"The trace '{path}' cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Writes the trace to a stream.</summary>
    public static void Write(ProfileReport report, Stream stream)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartObject("otherData");
        json.WriteString("work", report.What);
        json.WriteString("device", report.Device);
        json.WriteString("timing", report.Method);
        json.WriteEndObject();
        json.WriteStartArray("traceEvents");
        WriteName(json, "process_name", 0, $"engine: {report.What}");
        if (report.Stages.Count > 0)
        {
            WriteName(json, "thread_name", StageTrack, "stages of the job (host's clock)");
        }

        int[] threads = [.. report.Spans.Select(s => s.Thread).Distinct()];
        for (int i = 0; i < threads.Length; i++)
        {
            WriteName(json, "thread_name", FirstTrack + i, $"{report.Device}{(threads.Length > 1 ? $", host thread {threads[i]}" : "")}");
        }

        foreach (var stage in report.Stages)
        {
            WriteEvent(json, stage.Name, "stage", StageTrack, stage.Start, stage.Seconds, null);
        }

        foreach (var span in report.Spans)
        {
            WriteEvent(json, span.Name, span.IsKernel ? "kernel" : "operation", FirstTrack + Array.IndexOf(threads, span.Thread), span.Start, span.Seconds, span);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void WriteName(Utf8JsonWriter json, string kind, int track, string name)
    {
        json.WriteStartObject();
        json.WriteString("name", kind);
        json.WriteString("ph", "M");
        json.WriteNumber("pid", Process);
        json.WriteNumber("tid", track);
        json.WriteStartObject("args");
        json.WriteString("name", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteEvent(Utf8JsonWriter json, string name, string category, int track, double start, double seconds, ProfileSpan? span)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("cat", category);
        json.WriteString("ph", "X");
        json.WriteNumber("ts", Math.Round(start * 1e6, 3));
        json.WriteNumber("dur", Math.Round(seconds * 1e6, 3));
        json.WriteNumber("pid", Process);
        json.WriteNumber("tid", track);
        if (span is { IsKernel: false })
        {
            json.WriteStartObject("args");
            json.WriteString("variant", span.Variant);
            json.WriteNumber("MFLOP", Math.Round(span.Flops / 1e6, 3));
            json.WriteNumber("MB", Math.Round(span.Bytes / 1e6, 3));
            if (span.Busy > 0)
            {
                json.WriteNumber("GFLOP/s", Math.Round(span.Flops / span.Busy / 1e9, 2));
                json.WriteNumber("GB/s", Math.Round(span.Bytes / span.Busy / 1e9, 2));
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
