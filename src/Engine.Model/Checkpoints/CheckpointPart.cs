using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>One part of a checkpoint on disk.</summary>
/// <param name="Name">What messages call it: transformer, second transformer, VAE, text encoder, image encoder.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Path">Its file or index.</param>
public sealed record CheckpointPart(string Name, ModelPart Kind, string Path)
{
    /// <summary>The parts that one file holds: one, or those of a whole model.</summary>
    /// <exception cref="WeightFileException">The file is missing, damaged, or of no Wan model.</exception>
    public static IReadOnlyList<CheckpointPart> InFile(string path)
    {
        using var source = WeightFiles.Open(path);
        CheckpointPart[] parts = [.. PartDetector.All(source.Tensors).Select(detected => new CheckpointPart(SingleFileLayout.NameOf(detected.Part), detected.Part, path))];
        return parts.Length > 0 ? parts : throw new WeightFileException(path, "the tensors are not those of a Wan transformer, VAE, text encoder or image encoder.");
    }

    /// <summary>The weights as they are stored; of a file that holds a whole model, those of this part.</summary>
    /// <exception cref="WeightFileException">A file is missing or damaged.</exception>
    public IWeightSource OpenStored() => PartDetector.Only(WeightFiles.Open(Path), Kind);

    /// <summary>The weights in diffusers' or transformers' names.</summary>
    /// <exception cref="WeightFileException">A file is missing or damaged, or holds another part.</exception>
    public IWeightSource Open()
    {
        var source = OpenStored();
        var detected = PartDetector.Detect(source.Tensors);
        if (detected is null)
        {
            // Nothing telling is in it: loading it names everything it lacks.
            return source;
        }

        if (detected.Part != Kind)
        {
            source.Dispose();
            throw new WeightFileException(Path, $"this should be the {Name}, but its tensors are those of another part ({detected.Part}).");
        }

        return PartDetector.Canonical(source, detected);
    }

    /// <summary>What the file is taken for and how it is stored, in a sentence.</summary>
    /// <exception cref="WeightFileException">The file is missing or damaged.</exception>
    public string Describe()
    {
        using var source = OpenStored();
        var identity = ModelIdentity.Identify(source.Tensors);
        var types = source.Tensors.GroupBy(tensor => tensor.Type).OrderByDescending(group => group.Sum(tensor => tensor.Bytes)).Select(group => group.Key);
        return $"{System.IO.Path.GetFileName(Path)} is taken for {identity.Name}, stored as {string.Join(", ", types.Take(3))}.";
    }

    /// <summary>Names and shapes in canonical names, for telling sizes.</summary>
    internal ShapeTable Table()
    {
        using var source = Open();
        return new ShapeTable(Path, source.Tensors);
    }
}
