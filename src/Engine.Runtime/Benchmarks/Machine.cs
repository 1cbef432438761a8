using System.Globalization;

namespace Engine.Runtime.Benchmarks;

/// <summary>What the operating system says about this machine and this process.</summary>
public static class Machine
{
    /// <summary>Name of the processor, or its architecture where the system does not tell.</summary>
    public static string ProcessorName =>
        Field("/proc/cpuinfo", "model name") ?? System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>Memory that this process may use, bytes (a container's limit counts).</summary>
    public static long MemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Memory that is free now, bytes, or null where the system does not tell.</summary>
    public static long? FreeMemoryBytes => Kilobytes("/proc/meminfo", "MemAvailable");

    /// <summary>Most memory that this process has held at one time (VmHWM), bytes; the runtime counts too.</summary>
    public static long PeakMemoryBytes =>
        Kilobytes("/proc/self/status", "VmHWM") ?? System.Diagnostics.Process.GetCurrentProcess().PeakWorkingSet64;

    static long? Kilobytes(string file, string name) =>
        Field(file, name) is { } text && long.TryParse(text.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value * 1024
            : null;

    static string? Field(string file, string name)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        string? line = File.ReadLines(file).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
