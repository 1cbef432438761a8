using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>What model a set of tensors is, told from names and shapes alone.</summary>
public sealed record ModelIdentity
{
    /// <summary>One line for people, e.g. <c>Wan 2.1 T2V 1.3B transformer (official names)</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Published models of just these sizes: none, one, or several that only their weights' values tell apart.</summary>
    public required IReadOnlyList<string> Candidates { get; init; }

    /// <summary>Which part it is, or null for something unknown.</summary>
    public ModelPart? Part { get; init; }

    /// <summary>Whose names it uses.</summary>
    public NameScheme? Scheme { get; init; }

    /// <summary>What every name starts with, beyond the scheme's.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Names that a model of these sizes has and the set lacks, with their shapes.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>Names in the set that a model of these sizes does not have.</summary>
    public IReadOnlyList<string> Extra { get; init; } = [];

    /// <summary>Tensors of another shape than a model of these sizes has, each with both shapes.</summary>
    public IReadOnlyList<string> Misshapen { get; init; } = [];

    /// <summary>True when the set is a published model, name for name and shape for shape.</summary>
    public bool IsExact => Candidates.Count > 0 && IsComplete;

    /// <summary>True when nothing is missing, extra or misshapen.</summary>
    public bool IsComplete => Part is not null && Missing.Count + Extra.Count + Misshapen.Count == 0;

    /// <summary>Identifies a set of tensors.</summary>
    /// <param name="tensors">Names and shapes; types and bytes do not matter.</param>
    /// <param name="heads">Number of heads, where they are not as wide as in the published models.</param>
    public static ModelIdentity Identify(IEnumerable<TensorInfo> tensors, int? heads = null)
    {
        TensorInfo[] all = [.. tensors];
        var detected = PartDetector.Detect(all);
        if (detected is null)
        {
            return Unknown(all.Length == 0 ? "no tensors at all" : "not a part of a Wan model");
        }

        string part = SingleFileLayout.NameOf(detected.Part);
        string names = detected.Scheme == NameScheme.Official ? "official names"
            : detected.Scheme == NameScheme.Llama ? "llama.cpp's names"
            : detected.Part is ModelPart.Transformer or ModelPart.Vae ? "diffusers names" : "transformers names";
        try
        {
            var table = new ListedTensors(all);
            using var shown = PartDetector.Canonical(table, detected);
            var canonical = new ShapeTable("", shown.Tensors);
            var (candidates, sizes, expected) = Sizes(detected, canonical, PartDetector.Table(table, detected.Prefix), heads);
            var map = PartDetector.Map(table, detected);
            string known = string.Join(" / ", candidates);
            string what = candidates.Count == 0 ? $"Wan-style {part}, {sizes}"
                : known.Contains(part, StringComparison.Ordinal) ? known
                : $"{known} {part}";
            var identity = new ModelIdentity
            {
                Name = $"{what} ({names})",
                Candidates = candidates,
                Part = detected.Part,
                Scheme = detected.Scheme,
                Prefix = detected.Prefix,
            };
            return Compare(identity, shown, expected, name => detected.Prefix + map.Official(name).Name);
        }
        catch (EngineException e)
        {
            return Unknown($"a {part} in {names} whose sizes cannot be told ({(e as WeightFileException)?.Problem ?? e.Message})") with
            {
                Part = detected.Part,
                Scheme = detected.Scheme,
                Prefix = detected.Prefix,
                Missing = ["what its sizes are told from"],
            };
        }
    }

    static (IReadOnlyList<string> Candidates, string Sizes, IReadOnlyList<(string Name, Shape Shape)> Expected) Sizes(
        Detected detected, ShapeTable canonical, ShapeTable stored, int? heads)
    {
        switch (detected.Part)
        {
            case ModelPart.Transformer:
                var transformer = ConfigInference.Transformer(canonical, heads ?? FallbackHeads(canonical));
                return (KnownModels.Names(transformer), $"width {transformer.Width}, {transformer.Layers} blocks", ExpectedTensors.Of(transformer));
            case ModelPart.Vae:
                var vae = ConfigInference.Vae(stored);
                string[] vaes = KnownModels.Same(vae, KnownModels.Vae21) ? ["Wan VAE 2.1"] : KnownModels.Same(vae, KnownModels.Vae22) ? ["Wan VAE 2.2"] : [];
                string compression = $"{vae.TemporalFactor}x{vae.SpatialFactor}x{vae.SpatialFactor}, {vae.ZDim} channels, base {vae.BaseDim}";
                return (vaes, compression, ExpectedTensors.Of(vae));
            case ModelPart.TextEncoder:
                var text = ConfigInference.TextEncoder(canonical);
                return (text == KnownModels.Umt5Xxl ? ["UMT5-XXL"] : [], $"width {text.DModel}, {text.Layers} layers", ExpectedTensors.Of(text));
            default:
                var image = ConfigInference.ImageEncoder(canonical, heads ?? FallbackHeads(canonical));
                bool known = ExpectedTensors.Of(image).SequenceEqual(ExpectedTensors.Of(KnownModels.ClipVitH14));
                return (known ? ["CLIP ViT-H/14"] : [], $"width {image.HiddenSize}, {image.Layers} layers", ExpectedTensors.Of(image));
        }
    }

    // The number of heads is in no shape; where it does not matter for the list, one head will do.
    static int? FallbackHeads(ShapeTable table)
    {
        string name = table.Has("patch_embedding.weight") ? "patch_embedding.weight" : "embeddings.patch_embedding.weight";
        int width = table.Extent(name, 0);
        return width % (name.StartsWith('p') ? 128 : 80) == 0 ? null : 1;
    }

    static ModelIdentity Compare(
        ModelIdentity identity, IWeightSource shown, IReadOnlyList<(string Name, Shape Shape)> expected, Func<string, string> stored)
    {
        var missing = new List<string>();
        var misshapen = new List<string>();
        var known = new HashSet<string>();
        foreach (var (name, shape) in expected)
        {
            known.Add(name);
            if (shown.Find(name) is not { } tensor)
            {
                missing.Add($"{stored(name)} {shape}");
            }
            else if (!tensor.Shape.SequenceEqual(shape.ToArray().Select(extent => (long)extent)))
            {
                misshapen.Add($"{stored(name)} is [{string.Join(", ", tensor.Shape)}], should be {shape}");
            }
        }

        var scales = shown.Tensors.Where(t => WeightScales.IsCompanion(t.Name)).Select(t => t.Name).ToHashSet();
        string[] extra =
        [
            .. shown.Tensors.Where(t => !known.Contains(t.Name) && !scales.Contains(t.Name))
                .Select(t => $"{Printable.Text((shown as MappedSource)?.StoredName(t.Name) ?? t.Name)} [{string.Join(", ", t.Shape)}]"),
        ];
        return identity with { Missing = missing, Misshapen = misshapen, Extra = extra };
    }

    static ModelIdentity Unknown(string name) => new() { Name = name, Candidates = [] };
}

/// <summary>Tensors without bytes, as a source.</summary>
sealed class ListedTensors : IWeightSource
{
    readonly Dictionary<string, TensorInfo> _tensors = [];

    public ListedTensors(IEnumerable<TensorInfo> tensors)
    {
        foreach (var tensor in tensors)
        {
            _tensors.TryAdd(tensor.Name, tensor);
        }
    }

    public string Path => "";

    public IReadOnlyCollection<TensorInfo> Tensors => _tensors.Values;

    public TensorInfo? Find(string name) => _tensors.GetValueOrDefault(name);

    public void Read(TensorInfo tensor, long offset, Span<byte> destination) => throw new InvalidOperationException("A list of tensors has no bytes.");

    public void Dispose()
    {
    }
}
