using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Transformer;

namespace Engine.Model.Lora;

/// <summary>The tensors of a transformer that LoRAs can change, found by the names of either scheme.</summary>
sealed class LoraTargets
{
    readonly Dictionary<string, Shape> _shapes;
    readonly Dictionary<string, string> _modules = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> _flat = new(StringComparer.Ordinal);

    /// <summary>Lists the tensors of a transformer.</summary>
    public LoraTargets(TransformerConfig config)
    {
        var expected = ExpectedTensors.Of(config);
        _shapes = expected.ToDictionary(t => t.Name, t => t.Shape, StringComparer.Ordinal);
        foreach (var (name, _) in expected)
        {
            // "a.b.weight" and "a.b.bias" are module a.b; a table without such an ending is a module by itself.
            string canonical = Stem(name);
            foreach (string scheme in new[] { canonical, Stem(OfficialNames.Transformer.Official(name).Name) })
            {
                _modules.TryAdd(scheme, canonical);
                _flat.TryAdd(scheme.Replace('.', '_'), canonical);
            }
        }
    }

    /// <summary>The canonical name of the module that a key names, or null.</summary>
    public string? Module(LoraKey key)
    {
        if (key.Role == LoraRole.Modulation)
        {
            // Differences of the table are named after the block it is in: blocks.3 or head.
            string table = key.Flat ? $"{key.Module}_modulation" : $"{key.Module}.modulation";
            return (key.Flat ? _flat : _modules).GetValueOrDefault(table);
        }

        return (key.Flat ? _flat : _modules).GetValueOrDefault(key.Module);
    }

    /// <summary>The shape of a tensor, or null where the transformer has none of that name.</summary>
    public Shape? ShapeOf(string name) => _shapes.TryGetValue(name, out var shape) ? shape : null;

    static string Stem(string name)
    {
        foreach (string ending in new[] { ".weight", ".bias" })
        {
            if (name.EndsWith(ending, StringComparison.Ordinal))
            {
                return name[..^ending.Length];
            }
        }

        return name;
    }
}
