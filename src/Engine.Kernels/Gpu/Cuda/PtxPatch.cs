using System.Globalization;
using System.Text.RegularExpressions;

namespace Engine.Kernels;

/// <summary>Mends the PTX text that ILGPU 1.5.3 generates, before it is loaded or assembled.</summary>
/// <remarks>
/// Three defects and two limits are dealt with:
/// conditional branches are marked <c>.uni</c> (same way for the whole warp) when they hang on results of atomics, local memory
/// or inline assembly, which lets ptxas drop the reconvergence of a divergent warp; operands of inline assembly live in
/// <c>.local</c> variables, on which ptxas gives up once there are some hundred, so that fragments spill to memory;
/// <c>.target</c> never goes above sm_80, which rejects the instructions of later chips; and dynamic shared memory is only known to begin
/// at a multiple of 16 bytes, where swizzled places need 128.
/// </remarks>
static partial class PtxPatch
{
    /// <summary>Applies every patch.</summary>
    /// <param name="ptx">Text as generated.</param>
    /// <param name="target">Value of <c>.target</c> to write ("sm_90a"), or null to leave it.</param>
    public static string Apply(string ptx, string? target = null)
    {
        if (target is not null)
        {
            ptx = Target().Replace(ptx, ".target " + target);
        }

        ptx = UniformBranch().Replace(ptx, "$1").Replace("brx.idx.uni", "brx.idx", StringComparison.Ordinal);
        ptx = DynamicShared().Replace(ptx, "${1}128$2");
        return PromoteLocals(ptx);
    }

    /// <summary>Turns 4- and 8-byte local variables that are only loaded and stored whole into registers.</summary>
    static string PromoteLocals(string ptx)
    {
        var sizes = new Dictionary<string, int>();
        foreach (Match m in Depot().Matches(ptx))
        {
            sizes[m.Groups[1].Value] = int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture);
        }

        if (sizes.Count == 0)
        {
            return ptx;
        }

        string[] lines = ptx.Split('\n');
        var homes = Homes(lines, sizes);
        if (homes.Count == 0)
        {
            return ptx;
        }

        var promoted = homes.Values.ToHashSet();
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Contains(".local", StringComparison.Ordinal) || lines[i].Contains("__local_depot", StringComparison.Ordinal))
            {
                lines[i] = Promote(lines[i], homes, promoted);
            }
        }

        return string.Join('\n', lines);
    }

    // Address registers of the variables that can move: only ever used as the address of whole loads and stores, one per variable.
    static Dictionary<string, string> Homes(string[] lines, Dictionary<string, int> sizes)
    {
        var homes = new Dictionary<string, string>();
        var twice = new HashSet<string>();
        foreach (string line in lines)
        {
            if (line.Contains("__local_depot", StringComparison.Ordinal) && AddressOf().Match(line) is { Success: true } m
                && !homes.TryAdd(m.Groups[1].Value, m.Groups[2].Value))
            {
                twice.Add(m.Groups[1].Value);
            }
        }

        var bad = new HashSet<string>(twice);
        foreach (string line in lines)
        {
            if (line.Contains("%rd", StringComparison.Ordinal))
            {
                Judge(line, homes, sizes, bad);
            }
        }

        foreach (var shared in homes.GroupBy(p => p.Value).Where(g => g.Count() > 1))
        {
            bad.UnionWith(shared.Select(p => p.Key));
        }

        return homes.Where(p => !bad.Contains(p.Key) && sizes.GetValueOrDefault(p.Value) is 4 or 8).ToDictionary();
    }

    static void Judge(string line, Dictionary<string, string> homes, Dictionary<string, int> sizes, HashSet<string> bad)
    {
        string? allowed = null;
        int bytes = 0;
        if (Load().Match(line) is { Success: true } load)
        {
            (allowed, bytes) = (load.Groups[3].Value, Bytes(load.Groups[1].Value));
        }
        else if (Store().Match(line) is { Success: true } store && store.Groups[3].Value != store.Groups[2].Value)
        {
            (allowed, bytes) = (store.Groups[2].Value, Bytes(store.Groups[1].Value));
        }
        else if (AddressOf().Match(line) is { Success: true } address)
        {
            allowed = address.Groups[1].Value;
        }

        foreach (Match register in WideRegister().Matches(line))
        {
            if (homes.TryGetValue(register.Value, out string? depot)
                && (register.Value != allowed || (bytes != 0 && bytes != sizes.GetValueOrDefault(depot))))
            {
                bad.Add(register.Value);
            }
        }
    }

    static string Promote(string line, Dictionary<string, string> homes, HashSet<string> promoted)
    {
        if (Load().Match(line) is { Success: true } load && homes.TryGetValue(load.Groups[3].Value, out string? from))
        {
            return $"\tmov.b{Bytes(load.Groups[1].Value) * 8} {load.Groups[2].Value}, {Register(from)};";
        }

        if (Store().Match(line) is { Success: true } store && homes.TryGetValue(store.Groups[2].Value, out string? to))
        {
            return $"\tmov.b{Bytes(store.Groups[1].Value) * 8} {Register(to)}, {store.Groups[3].Value};";
        }

        if (AddressOf().Match(line) is { Success: true } address && homes.ContainsKey(address.Groups[1].Value))
        {
            return "";
        }

        return Depot().Match(line) is { Success: true } depot && promoted.Contains(depot.Groups[1].Value)
            ? $"\t.reg .b{int.Parse(depot.Groups[2].Value, CultureInfo.InvariantCulture) * 8} {Register(depot.Groups[1].Value)};"
            : line;
    }

    static string Register(string depot) => "%L" + depot["__local_depot".Length..];

    static int Bytes(string type) => type.EndsWith("64", StringComparison.Ordinal) ? 8 : 4;

    [GeneratedRegex(@"^\.target \S+", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex(@"^(\s*@!?%p\d+\s+bra)\.uni\b", RegexOptions.Multiline)]
    private static partial Regex UniformBranch();

    [GeneratedRegex(@"^(\.extern \.shared \.align )\d+( \.b8 __dyn_shared_alloca\[\];)", RegexOptions.Multiline)]
    private static partial Regex DynamicShared();

    [GeneratedRegex(@"\.local \.align \d+ \.b8 (__local_depot\d+)\[(\d+)\];")]
    private static partial Regex Depot();

    [GeneratedRegex(@"^\s*mov\.b64\s+(%rd\d+), (__local_depot\d+);\s*$")]
    private static partial Regex AddressOf();

    [GeneratedRegex(@"^\s*ld\.local\.([bfsu](?:32|64))\s+(%\w+), \[(%rd\d+)\];\s*$")]
    private static partial Regex Load();

    [GeneratedRegex(@"^\s*st\.local\.([bfsu](?:32|64))\s+\[(%rd\d+)\], ([^;]+);\s*$")]
    private static partial Regex Store();

    [GeneratedRegex(@"%rd\d+")]
    private static partial Regex WideRegister();
}
