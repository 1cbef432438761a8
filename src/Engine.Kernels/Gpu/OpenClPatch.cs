using System.Text.RegularExpressions;

namespace Engine.Kernels.Gpu;

/// <summary>Mends the OpenCL C that ILGPU 1.5.3 generates, before it is built.</summary>
/// <remarks>
/// Two defects are dealt with. The barrier orders global memory only, but shared memory is what kernels use barriers for.
/// And every operation is a statement of its own, while OpenCL C lets a product and a sum become one instruction only within an
/// expression: without that, devices with fused multiply-adds reach half of their rate.
/// </remarks>
static partial class OpenClPatch
{
    const string GlobalBarrier = "work_group_barrier ( CLK_GLOBAL_MEM_FENCE )";
    const string FullBarrier = "work_group_barrier ( CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE )";

    // Declared, assigned, read.
    const int NamedOnceAndRead = 3;

    /// <summary>Applies both.</summary>
    /// <param name="source">Text as generated.</param>
    public static string Apply(string source) => JoinProducts(source.Replace(GlobalBarrier, FullBarrier, StringComparison.Ordinal));

    /// <summary>Puts a product into the sum or difference that alone reads it, within a run of statements without a jump.</summary>
    static string JoinProducts(string source)
    {
        var named = new Dictionary<string, int>();
        foreach (Match name in Variable().Matches(source))
        {
            named[name.Value] = named.GetValueOrDefault(name.Value) + 1;
        }

        string[] lines = source.Split('\n');
        var products = new Dictionary<string, (int Line, string Text)>();
        for (int i = 0; i < lines.Length; i++)
        {
            if (Jump().IsMatch(lines[i]))
            {
                products.Clear();
            }
            else if (Product().Match(lines[i]) is { Success: true } product)
            {
                string holder = product.Groups[1].Value;
                if (named[holder] == NamedOnceAndRead)
                {
                    products[holder] = (i, $"((float){product.Groups[2].Value} * (float){product.Groups[3].Value})");
                }
            }
            else if (Sum().Match(lines[i]) is { Success: true } sum)
            {
                lines[i] = Joined(sum, lines, products) ?? lines[i];
            }
        }

        return string.Join('\n', lines);
    }

    static string? Joined(Match sum, string[] lines, Dictionary<string, (int Line, string Text)> products)
    {
        var (to, left, sign, right) = (sum.Groups[1].Value, sum.Groups[2].Value, sum.Groups[3].Value, sum.Groups[4].Value);
        if (products.Remove(right, out var product))
        {
            lines[product.Line] = "";
            return $"\t{to} = (float)((float){left} {sign} {product.Text});";
        }

        if (products.Remove(left, out product))
        {
            lines[product.Line] = "";
            return $"\t{to} = (float)({product.Text} {sign} (float){right});";
        }

        return null;
    }

    [GeneratedRegex(@"\bvar\d+\b")]
    private static partial Regex Variable();

    // A label, a jump or a branch: variables that stand for several definitions change around them.
    [GeneratedRegex(@"\bgoto\b|^\s*L_\d+:|\bif\b|\bswitch\b|\breturn\b")]
    private static partial Regex Jump();

    [GeneratedRegex(@"^\s*(var\d+) = \(float\)\(\(float\) (\S+) \*\s+\(float\)(\S+)\);\s*$")]
    private static partial Regex Product();

    [GeneratedRegex(@"^\s*(var\d+) = \(float\)\(\(float\) (\S+) ([+-])\s+\(float\)(\S+)\);\s*$")]
    private static partial Regex Sum();
}
