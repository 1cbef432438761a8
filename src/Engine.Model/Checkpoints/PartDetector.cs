using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>Which names a set of tensors uses.</summary>
public enum NameScheme
{
    /// <summary>Diffusers' or transformers' names, which the engine works with.</summary>
    Canonical,

    /// <summary>The names of Wan's own code.</summary>
    Official,

    /// <summary>The names that llama.cpp gives the tensors of a T5 encoder.</summary>
    Llama,
}

/// <summary>What a set of tensors is, as a few telling names show.</summary>
/// <param name="Part">Which part of a model.</param>
/// <param name="Scheme">Whose names.</param>
/// <param name="Prefix">What every name starts with, to be cut off.</param>
sealed record Detected(ModelPart Part, NameScheme Scheme, string Prefix);

/// <summary>Recognises model parts and shows their tensors under canonical names.</summary>
static class PartDetector
{
    static readonly string[] s_prefixes =
    [
        "", "model.diffusion_model.", "diffusion_model.", "model.", "module.", "transformer.", "dit.",
        "vision_model.", "clip_vision.vision_model.", "vae.", "first_stage_model.",
        "text_encoder.", "text_encoders.umt5xxl.transformer.", "text_encoders.umt5xxl.", "cond_stage_model.umt5xxl.transformer.", "cond_stage_model.transformer.", "t5.", "encoder.", "image_encoder.",
    ];

    // One or two names that no other part has.
    static readonly (ModelPart Part, NameScheme Scheme, string[] Names)[] s_marks =
    [
        (ModelPart.Transformer, NameScheme.Canonical, ["patch_embedding.weight", "blocks.0.attn1.to_q.weight"]),
        (ModelPart.Transformer, NameScheme.Official, ["patch_embedding.weight", "blocks.0.self_attn.q.weight"]),
        (ModelPart.Vae, NameScheme.Canonical, ["encoder.conv_in.weight", "decoder.conv_in.weight"]),
        (ModelPart.Vae, NameScheme.Official, ["encoder.conv1.weight", "decoder.conv1.weight"]),
        (ModelPart.TextEncoder, NameScheme.Canonical, ["encoder.block.0.layer.0.SelfAttention.q.weight"]),
        (ModelPart.TextEncoder, NameScheme.Official, ["token_embedding.weight", "blocks.0.attn.q.weight"]),
        (ModelPart.TextEncoder, NameScheme.Llama, ["token_embd.weight", "enc.blk.0.attn_q.weight"]),
        (ModelPart.ImageEncoder, NameScheme.Canonical, ["embeddings.class_embedding", "pre_layrnorm.weight"]),
        (ModelPart.ImageEncoder, NameScheme.Official, ["visual.cls_embedding"]),
    ];

    /// <summary>What it is, or null.</summary>
    public static Detected? Detect(IEnumerable<TensorInfo> tensors) => All(tensors) is [var first, ..] ? first : null;

    /// <summary>Every part that is there: more than one in a file that holds a whole model.</summary>
    public static IReadOnlyList<Detected> All(IEnumerable<TensorInfo> tensors)
    {
        var names = tensors.Select(tensor => tensor.Name).ToHashSet();
        return
        [
            .. s_prefixes.SelectMany(prefix => s_marks
                .Where(mark => mark.Names.All(name => names.Contains(prefix + name)))
                .Select(mark => new Detected(mark.Part, mark.Scheme, prefix)))
                .DistinctBy(detected => detected.Part),
        ];
    }

    /// <summary>Of a file that holds several parts, the tensors of one, under the names that they have there; of any other the whole file.</summary>
    /// <param name="source">Owned by the result.</param>
    /// <param name="part">Which part.</param>
    public static IWeightSource Only(IWeightSource source, ModelPart part)
    {
        var all = All(source.Tensors);
        return all.Count > 1 && all.FirstOrDefault(detected => detected.Part == part) is { } mine
            ? new MappedSource(source, source.Tensors.Where(t => t.Name.StartsWith(mine.Prefix, StringComparison.Ordinal)).Select(t => new MappedSource.Entry(t, t, 0)))
            : source;
    }

    /// <summary>The source under canonical names.</summary>
    /// <param name="source">Owned by the result.</param>
    /// <param name="detected">What it is.</param>
    /// <exception cref="WeightFileException">Two tensors have names of one weight, or the sizes of a VAE cannot be told.</exception>
    public static IWeightSource Canonical(IWeightSource source, Detected detected)
    {
        try
        {
            var shown = Map(source, detected).Canonical(source, detected.Prefix);
            return detected.Part == ModelPart.TextEncoder ? TiedOnce(shown) : shown;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>How its names translate.</summary>
    public static NameMap Map(IWeightSource source, Detected detected) => (detected.Scheme, detected.Part) switch
    {
        (NameScheme.Llama, _) => LlamaNames.Map,
        (NameScheme.Official, ModelPart.Transformer) => OfficialNames.Transformer,
        (NameScheme.Official, ModelPart.TextEncoder) => OfficialNames.TextEncoder,
        (NameScheme.Official, ModelPart.ImageEncoder) => OfficialNames.ImageEncoder,
        (NameScheme.Official, _) => OfficialNames.Vae(ConfigInference.Vae(Table(source, detected.Prefix))),
        _ => OfficialNames.Canonical,
    };

    /// <summary>Names, without the prefix, and shapes.</summary>
    public static ShapeTable Table(IWeightSource source, string prefix) => new(
        source.Path,
        source.Tensors.Where(t => t.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(t => t with { Name = t.Name[prefix.Length..] }));

    // transformers may write the tied embedding under both of its names, or under either.
    static IWeightSource TiedOnce(IWeightSource source)
    {
        const string kept = "shared.weight";
        const string tied = "encoder.embed_tokens.weight";
        if (source.Find(tied) is not { } second)
        {
            return source;
        }

        bool both = source.Find(kept) is { } first && first.Shape.SequenceEqual(second.Shape);
        return new MappedSource(source, source.Tensors.Where(t => !both || t.Name != tied).Select(t =>
            new MappedSource.Entry(t.Name == tied && source.Find(kept) is null ? t with { Name = kept } : t, t, 0)));
    }
}
