using System.Text.Json;
using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Lora;

/// <summary>One LoRA file against one transformer: what it changes, and which of its tensors fit nothing.</summary>
/// <remarks>
/// weight += strength * alpha / rank * up * down; alpha is the rank where the file has none. <c>.diff</c>, <c>.diff_b</c> and
/// <c>.diff_m</c> are whole differences of a weight, a bias and a modulation table.
/// </remarks>
public sealed class LoraFile
{
    // What diffusers writes into a file's header; peft's own settings are in it.
    const string AdapterKey = "lora_adapter_metadata";

    readonly List<(string Name, WeightChange Change)> _changes = [];
    readonly List<string> _unmatched = [];
    readonly LoraSpec _spec;
    readonly IWeightSource _source;
    readonly AdapterSettings _settings;

    internal LoraFile(LoraSpec spec, IWeightSource source, LoraTargets targets, bool second)
    {
        _spec = spec;
        _source = source;
        _settings = AdapterSettings.Read((source as SafetensorsFile)?.Metadata.GetValueOrDefault(AdapterKey));
        var keys = source.Tensors.Select(tensor => (Tensor: tensor, Key: LoraKey.Parse(tensor.Name))).ToList();

        // A file for both transformers names the second; one that names neither is for whichever it is given to.
        if (keys.Exists(k => k.Key.Second))
        {
            keys = keys.FindAll(k => k.Key.Second == second);
            IsForTheOther = keys.Count == 0;
        }

        foreach (var module in keys.GroupBy(k => (k.Key.Module, k.Key.Flat, IsTable: k.Key.Role == LoraRole.Modulation)))
        {
            Match([.. module], targets);
        }
    }

    /// <summary>The file.</summary>
    public string Path => _spec.Path;

    /// <summary>How strongly it is applied.</summary>
    public float Strength => _spec.Strength;

    /// <summary>True when all that it has is for the other of two transformers.</summary>
    public bool IsForTheOther { get; }

    /// <summary>Number of the transformer's tensors that it changes.</summary>
    public int Matched => _changes.Count;

    /// <summary>Names of its tensors that fit nothing in the transformer, each with the reason.</summary>
    public IReadOnlyList<string> Unmatched => _unmatched;

    /// <summary>Tensors by canonical name, and what is added to each.</summary>
    internal IReadOnlyList<(string Name, WeightChange Change)> Changes => _changes;

    void Match(List<(TensorInfo Tensor, LoraKey Key)> parts, LoraTargets targets)
    {
        if (targets.Module(parts[0].Key) is not { } module)
        {
            parts.ForEach(part => Reject(part.Tensor, part.Key.Role == LoraRole.Unknown ? "of no kind that is applied" : "the transformer has no such layer"));
            return;
        }

        var byRole = new Dictionary<LoraRole, TensorInfo>();
        foreach (var (tensor, key) in parts)
        {
            if (key.Role == LoraRole.Unknown)
            {
                Reject(tensor, "of no kind that is applied");
            }
            else if (key.Role != LoraRole.Alpha && !tensor.Type.IsWeightType())
            {
                Reject(tensor, $"stored as {tensor.Type.ToSafetensors()}, where floats belong");
            }
            else if (!byRole.TryAdd(key.Role, tensor))
            {
                Reject(tensor, $"the same as {byRole[key.Role].Name}");
            }
        }

        Apply(byRole, module, targets);
    }

    void Apply(Dictionary<LoraRole, TensorInfo> parts, string module, LoraTargets targets)
    {
        string weight = targets.ShapeOf(module) is null ? $"{module}.weight" : module;
        string bias = $"{module}.bias";
        float factor = Strength;
        if (parts.Remove(LoraRole.Up, out var up) & parts.Remove(LoraRole.Down, out var down))
        {
            int rank = checked((int)Math.Max(1, down!.Shape.Count > 0 ? down.Shape[0] : 1));
            float? alpha = parts.TryGetValue(LoraRole.Alpha, out var stored) ? One(stored) : null;
            factor *= _settings.Scale(module, rank, alpha);
            if (targets.ShapeOf(weight) is not { } shape)
            {
                Reject(up!, $"the transformer has no {weight}");
                Reject(down, $"the transformer has no {weight}");
            }
            else if (!Fits(up!, down, rank, shape))
            {
                Reject(up!, $"with {Extents(down)} it makes no difference of {weight} {shape}");
                Reject(down, $"see {up!.Name}");
            }
            else
            {
                _changes.Add((weight, new WeightChange(_source, up!, down, factor)));
                parts.Remove(LoraRole.Alpha);
            }
        }
        else if (up is not null || down is not null)
        {
            Reject((up ?? down)!, "its other half is missing");
        }

        Whole(LoraRole.Weight, weight, Strength);
        Whole(LoraRole.Modulation, module, Strength);
        Whole(LoraRole.Bias, bias, Strength);
        Whole(LoraRole.UpBias, bias, factor);
        if (parts.Remove(LoraRole.Alpha, out var alone))
        {
            Reject(alone, "there is nothing that it scales");
        }

        void Whole(LoraRole role, string name, float strength)
        {
            if (!parts.Remove(role, out var tensor))
            {
                return;
            }

            if (targets.ShapeOf(name) is { } shape && Squeezed(tensor.Shape).SequenceEqual(Squeezed([.. shape.ToArray().Select(e => (long)e)])))
            {
                _changes.Add((name, new WeightChange(_source, tensor, null, strength)));
            }
            else
            {
                Reject(tensor, targets.ShapeOf(name) is { } other ? $"{Extents(tensor)} where {name} is {other}" : $"the transformer has no {name}");
            }
        }
    }

    void Reject(TensorInfo tensor, string reason) => _unmatched.Add($"{Printable.Text(tensor.Name)} ({reason})");

    // Convolutions have factors of more than two axes: [rank, C, t, h, w] and [N, rank, 1, 1, 1].
    static bool Fits(TensorInfo up, TensorInfo down, int rank, Shape shape) =>
        shape.Rank >= 2 && up.Shape.Count >= 2 && down.Shape.Count >= 2
        && up.Shape[0] == shape[0] && Rest(up) == rank && Rest(down) == shape.Count / shape[0];

    static long Rest(TensorInfo tensor) => tensor.Shape.Skip(1).Aggregate(1L, (product, extent) => product * extent);

    static long[] Squeezed(IReadOnlyList<long> shape) => [.. shape.Where(extent => extent != 1)];

    static string Extents(TensorInfo tensor) => $"[{string.Join(", ", tensor.Shape)}]";

    // Alphas come as floats of any width and as integers.
    float? One(TensorInfo tensor)
    {
        if (tensor.Shape.Any(extent => extent != 1))
        {
            Reject(tensor, "more than one value");
            return null;
        }

        var bytes = new byte[tensor.Bytes];
        _source.Read(tensor, 0, bytes);
        float? value = tensor.Type switch
        {
            DType.I64 => BitConverter.ToInt64(bytes),
            DType.I32 => BitConverter.ToInt32(bytes),
            DType.I16 => BitConverter.ToInt16(bytes),
            DType.U8 => bytes[0],
            DType.I8 => (sbyte)bytes[0],
            var type when !type.IsBlockType() && WeightReader.CanWiden(type) => WeightReader.One(_source, tensor),
            _ => null,
        };
        return value is { } number && float.IsFinite(number)
            ? number
            : throw new WeightFileException(Path, $"the factor {Printable.Text(tensor.Name)} is no number ({tensor.Type.ToSafetensors()}).");
    }

    /// <summary>Settings of peft that diffusers keeps in the header instead of writing alphas.</summary>
    sealed record AdapterSettings(float? Alpha, IReadOnlyDictionary<string, float> Patterns, bool RootOfRank)
    {
        public static AdapterSettings Read(string? json)
        {
            if (json is null)
            {
                return new AdapterSettings(null, new Dictionary<string, float>(), false);
            }

            try
            {
                using var document = JsonDocument.Parse(json);
                var patterns = new Dictionary<string, float>();
                float? alpha = null;
                bool root = false;
                foreach (var field in document.RootElement.EnumerateObject())
                {
                    switch (field.Name[(field.Name.LastIndexOf('.') + 1)..])
                    {
                        case "lora_alpha" when field.Value.ValueKind == JsonValueKind.Number:
                            alpha = field.Value.GetSingle();
                            break;
                        case "alpha_pattern" when field.Value.ValueKind == JsonValueKind.Object:
                            foreach (var pattern in field.Value.EnumerateObject())
                            {
                                patterns[pattern.Name] = pattern.Value.GetSingle();
                            }

                            break;
                        case "use_rslora":
                            root = field.Value.ValueKind == JsonValueKind.True;
                            break;
                    }
                }

                return new AdapterSettings(alpha, patterns, root);
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
            {
                // A header that some other program wrote: the file's own alphas are all there is.
                return new AdapterSettings(null, new Dictionary<string, float>(), false);
            }
        }

        public float Scale(string module, int rank, float? stored)
        {
            float? pattern = Patterns.Where(p => module == p.Key || module.EndsWith($".{p.Key}", StringComparison.Ordinal)).Select(p => (float?)p.Value).FirstOrDefault();
            float alpha = stored ?? pattern ?? Alpha ?? rank;
            return stored is null && RootOfRank && (pattern ?? Alpha) is not null ? alpha / MathF.Sqrt(rank) : alpha / rank;
        }
    }
}
