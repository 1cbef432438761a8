using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Engine.Kernels.Gpu;

/// <summary>What ptxas says of one kernel on one chip.</summary>
/// <param name="Registers">32-bit registers per thread.</param>
/// <param name="StackBytes">Stack frame per thread, bytes; local arrays and what could not be kept in registers.</param>
/// <param name="SpillBytes">Bytes of registers stored to and loaded from memory.</param>
/// <param name="SharedBytes">Static shared memory per group, bytes.</param>
readonly record struct PtxasReport(int Registers, int StackBytes, int SpillBytes, int SharedBytes)
{
    const int RegistersPerSm = 65536;
    const int WarpSize = 32;

    /// <summary>Groups that fit one multiprocessor at a time.</summary>
    /// <param name="architecture">"sm_80", "sm_89" or "sm_90".</param>
    /// <param name="threads">Threads per group.</param>
    /// <param name="dynamicShared">Shared memory that a launch adds, bytes.</param>
    /// <remarks>Limits from the CUDA C++ Programming Guide, table "Technical Specifications per Compute Capability".</remarks>
    public int GroupsPerSm(string architecture, int threads, int dynamicShared)
    {
        // Warps, shared memory (1 KiB of which each group takes for the system) and groups of a multiprocessor.
        var (warps, shared, groups) = architecture switch
        {
            "sm_80" => (64, 164 << 10, 32),
            "sm_89" => (48, 100 << 10, 24),
            "sm_90" => (64, 228 << 10, 32),
            _ => throw new ArgumentException($"The limits of {architecture} are not known.", nameof(architecture)),
        };
        int groupWarps = (threads + WarpSize - 1) / WarpSize;

        // Registers are given to warps in units of 256.
        int registers = (((Registers * WarpSize) + 255) / 256 * 256) * groupWarps;
        int byShared = shared / (SharedBytes + dynamicShared + 1024);
        return Math.Min(Math.Min(groups, warps / groupWarps), Math.Min(byShared, registers == 0 ? groups : RegistersPerSm / registers));
    }

    /// <summary>Share of a multiprocessor's warps that can be resident, 0 to 1; arguments as for <see cref="GroupsPerSm"/>.</summary>
    public double Occupancy(string architecture, int threads, int dynamicShared) =>
        GroupsPerSm(architecture, threads, dynamicShared) * ((threads + WarpSize - 1) / WarpSize) / (architecture == "sm_89" ? 48.0 : 64.0);
}

/// <summary>NVIDIA's assembler, where it is installed: proves that a kernel assembles, and with what resources.</summary>
sealed partial class Ptxas
{
    readonly string _program;

    Ptxas(string program, string version)
    {
        _program = program;
        Version = version;
    }

    /// <summary>The chips that every CUDA kernel is assembled for.</summary>
    public static IReadOnlyList<string> Architectures { get; } = ["sm_80", "sm_89", "sm_90"];

    /// <summary>Release, e.g. "12.4, V12.4.131".</summary>
    public string Version { get; }

    /// <summary>Finds the program: <c>ENGINE_PTXAS</c>, else the one in <c>PATH</c>.</summary>
    /// <param name="reason">Why there is none.</param>
    /// <returns>The assembler, or null.</returns>
    public static Ptxas? Find(out string reason)
    {
        string program = Environment.GetEnvironmentVariable("ENGINE_PTXAS") is { Length: > 0 } given ? given : "ptxas";
        try
        {
            var (code, output, error) = Run(program, "--version");
            if (code == 0 && Release().Match(output) is { Success: true } release)
            {
                reason = "";
                return new Ptxas(program, release.Groups[1].Value.Trim());
            }

            reason = $"{program} --version ended with {code}: {error.Trim()}";
        }
        catch (Win32Exception e)
        {
            reason = $"no ptxas: {program} could not be started ({e.Message}); install the CUDA toolkit, or name the program in ENGINE_PTXAS";
        }

        return null;
    }

    /// <summary>Assembles a kernel.</summary>
    /// <param name="ptx">Text of one kernel.</param>
    /// <param name="architecture">"sm_80" and so on.</param>
    /// <exception cref="InvalidOperationException">The text was rejected; carries ptxas' own words.</exception>
    public PtxasReport Assemble(string ptx, string architecture)
    {
        string file = Path.Combine(Path.GetTempPath(), $"engine-{Guid.NewGuid():N}.ptx");
        try
        {
            File.WriteAllText(file, ptx);
            var (code, _, error) = Run(_program, "-v", $"-arch={architecture}", file, "-o", OperatingSystem.IsWindows() ? "NUL" : "/dev/null");
            if (code != 0)
            {
                throw new InvalidOperationException($"ptxas for {architecture}: {error.Trim()}");
            }

            return new PtxasReport(
                Number(Registers(), error),
                Number(Stack(), error),
                Number(SpillStores(), error) + Number(SpillLoads(), error),
                Number(Shared(), error));
        }
        finally
        {
            File.Delete(file);
        }
    }

    static int Number(Regex pattern, string text) =>
        pattern.Match(text) is { Success: true } m ? int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    static (int Code, string Output, string Error) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start) ?? throw new Win32Exception($"{program} did not start");
        var output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.GetAwaiter().GetResult(), error);
    }

    [GeneratedRegex(@"release ([^\n]*)")]
    private static partial Regex Release();

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex Registers();

    [GeneratedRegex(@"(\d+) bytes stack frame")]
    private static partial Regex Stack();

    [GeneratedRegex(@"(\d+) bytes spill stores")]
    private static partial Regex SpillStores();

    [GeneratedRegex(@"(\d+) bytes spill loads")]
    private static partial Regex SpillLoads();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex Shared();
}
