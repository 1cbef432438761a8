using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>One tensor name in two schemes.</summary>
/// <remarks>In a pattern, a part <c>#</c> stands for any number and a last part <c>*</c> for any one word (weight, bias, gamma).</remarks>
/// <param name="Official">Pattern of the official name.</param>
/// <param name="Canonical">Pattern of the diffusers or transformers name.</param>
/// <param name="Slice">Which slice of the official tensor's rows it is.</param>
/// <param name="Slices">How many slices there are; 1 for the whole tensor.</param>
/// <param name="LeadingOnes">Axes of extent 1 that the official shape has in front of the canonical one.</param>
sealed record NameRule(string Official, string Canonical, int Slice = 0, int Slices = 1, int LeadingOnes = 0);

/// <summary>Translates the names of one model part between the official scheme and diffusers' (or transformers').</summary>
sealed class NameMap
{
    readonly Compiled[] _rules;
    readonly (string Pattern, string[] Parts)[] _unused;

    /// <summary>Makes a map.</summary>
    /// <param name="rules">The names.</param>
    /// <param name="unused">Prefixes of official names that the engine has no use for.</param>
    public NameMap(IEnumerable<NameRule> rules, params string[] unused)
    {
        _rules = [.. rules.Select(rule => new Compiled(rule, rule.Official.Split('.'), rule.Canonical.Split('.')))];
        _unused = [.. unused.Select(pattern => (pattern, pattern.Split('.')))];
    }

    /// <summary>Shows a source in official names under canonical ones; names the map does not know stay as they are.</summary>
    /// <param name="source">Owned by the result.</param>
    /// <param name="prefix">What the official names start with.</param>
    public IWeightSource Canonical(IWeightSource source, string prefix = "") => new MappedSource(source, source.Tensors.SelectMany(tensor =>
        Canonical(tensor, tensor.Name.StartsWith(prefix, StringComparison.Ordinal) ? tensor.Name[prefix.Length..] : tensor.Name)));

    /// <summary>The official list that a canonical one corresponds to.</summary>
    public IEnumerable<(string Name, long[] Shape)> Official(IEnumerable<(string Name, Shape Shape)> canonical)
    {
        var seen = new HashSet<string>();
        foreach (var (name, shape) in canonical)
        {
            var (official, rule) = Official(name);
            if (!seen.Add(official))
            {
                continue;
            }

            long[] extents = [.. Enumerable.Repeat(1L, rule?.LeadingOnes ?? 0), .. shape.ToArray().Select(extent => (long)extent)];
            if (rule is { Slices: > 1 })
            {
                extents[0] *= rule.Slices;
            }

            yield return (official, extents);
        }
    }

    /// <summary>The official name of a canonical one (the same, where they do not differ).</summary>
    public (string Name, NameRule? Rule) Official(string canonical)
    {
        string[] parts = canonical.Split('.');
        foreach (var rule in _rules)
        {
            if (Translate(parts, rule.Canonical, rule.Official) is { } name)
            {
                return (name, rule.Rule);
            }
        }

        return (canonical, null);
    }

    IEnumerable<MappedSource.Entry> Canonical(TensorInfo tensor, string name)
    {
        string[] parts = name.Split('.');
        bool known = false;
        foreach (var rule in _rules)
        {
            if (Translate(parts, rule.Official, rule.Canonical) is { } canonical && Fits(tensor, rule.Rule))
            {
                known = true;
                yield return Slice(tensor, canonical, rule.Rule);
            }
        }

        if (!known && !_unused.Any(unused => parts.Length >= unused.Parts.Length && parts.AsSpan(0, unused.Parts.Length).SequenceEqual(unused.Parts)))
        {
            yield return new MappedSource.Entry(tensor with { Name = name }, tensor, 0);
        }
    }

    // A tensor that cannot be sliced or squeezed as its rule says keeps its official name, so that it is reported as misshapen.
    static bool Fits(TensorInfo tensor, NameRule rule) =>
        (rule.Slices == 1 || (tensor.Shape.Count > 0 && tensor.Shape[0] % rule.Slices == 0))
        && tensor.Shape.Count >= rule.LeadingOnes
        && tensor.Shape.Take(rule.LeadingOnes).All(extent => extent == 1);

    static MappedSource.Entry Slice(TensorInfo tensor, string name, NameRule rule)
    {
        long[] shape = [.. tensor.Shape.Skip(rule.LeadingOnes)];
        long bytes = tensor.Bytes;
        if (rule.Slices > 1)
        {
            shape[0] /= rule.Slices;
            bytes /= rule.Slices;
        }

        return new MappedSource.Entry(new TensorInfo(name, tensor.Type, shape, bytes), tensor, bytes * rule.Slice);
    }

    static string? Translate(string[] parts, string[] from, string[] to)
    {
        if (parts.Length != from.Length)
        {
            return null;
        }

        for (int i = 0; i < parts.Length; i++)
        {
            if (from[i] == "#" ? !IsNumber(parts[i]) : from[i] != "*" && from[i] != parts[i])
            {
                return null;
            }
        }

        var numbers = new Queue<string>(parts.Where((_, i) => from[i] == "#"));
        return string.Join('.', to.Select(part => part switch
        {
            "#" => numbers.Dequeue(),
            "*" => parts[^1],
            _ => part,
        }));
    }

    static bool IsNumber(string part) => part.Length is > 0 and < 10 && part.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0;

    sealed record Compiled(NameRule Rule, string[] Official, string[] Canonical);
}
