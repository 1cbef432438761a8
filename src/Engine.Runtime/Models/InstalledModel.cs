using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Weights;

namespace Engine.Runtime;

/// <summary>A model that requests can name, or something in the folder of models that is none. Told from headers; no weights are read.</summary>
public sealed record InstalledModel
{
    /// <summary>What requests call it: the name of its folder or file.</summary>
    public required string Name { get; init; }

    /// <summary>Folder or file.</summary>
    public required string Path { get; init; }

    /// <summary>True for the one that requests use when they name none.</summary>
    public bool IsDefault { get; init; }

    /// <summary>The model; null when it does not open as one.</summary>
    public Checkpoint? Checkpoint { get; init; }

    /// <summary>What it is, e.g. <c>Wan 2.1 T2V 1.3B</c>.</summary>
    public string Identity { get; init; } = "";

    /// <summary>Parameters of the transformer that works in a step; of two experts, of one.</summary>
    public long WorkingParameters { get; init; }

    /// <summary>Parameters of the transformers, of two experts both.</summary>
    public long Parameters { get; init; }

    /// <summary>Bytes of all weights on disk.</summary>
    public long Bytes { get; init; }

    /// <summary>Why it cannot make clips, as the rest of a sentence that starts with its name; null when it can.</summary>
    public string? Problem { get; init; }

    /// <summary>Looks at a folder or file. What is no model is told by <see cref="Problem"/>, never by an exception.</summary>
    /// <param name="path">Folder or file.</param>
    /// <param name="isDefault">See <see cref="IsDefault"/>.</param>
    public static InstalledModel At(string path, bool isDefault = false)
    {
        var found = new InstalledModel
        {
            Name = System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(path)),
            Path = System.IO.Path.GetFullPath(path),
            IsDefault = isDefault,
        };
        if (!ModelsFolder.MayBeModel(path))
        {
            return found with { Problem = $"is neither a folder nor a file that ends with {string.Join(", ", WeightFiles.Endings)}" };
        }

        try
        {
            // Says at once what is no model: a folder of other files is not read through.
            var checkpoint = Checkpoint.Open(path);
            return found.With(checkpoint, Inspection.Of(path));
        }
        catch (WeightFileException e)
        {
            string where = e.Path == path ? "" : $"{System.IO.Path.GetRelativePath(found.Path, System.IO.Path.GetFullPath(e.Path))}: ";
            return found with { Problem = $"is no model: {where}{e.Problem.TrimEnd('.')}" };
        }
        catch (Exception e) when (e is EngineException or IOException or UnauthorizedAccessException)
        {
            return found with { Problem = $"cannot be read: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}" };
        }
    }

    InstalledModel With(Checkpoint checkpoint, Inspection inspection)
    {
        // The parts of a whole-model file are listed by part, a single part as "file".
        var transformers = inspection.Parts.Where(part => part.Identity?.Part == ModelPart.Transformer).ToArray();
        return this with
        {
            Checkpoint = checkpoint,
            Identity = checkpoint.Name == Name || checkpoint.Transformer is null ? Shown(transformers.FirstOrDefault() ?? (inspection.Parts is [var first, ..] ? first : null)) : checkpoint.Name,
            WorkingParameters = transformers.Length == 0 ? 0 : transformers.Max(part => part.Values),
            Parameters = transformers.Sum(part => part.Values),
            Bytes = inspection.Parts.Sum(part => part.Bytes),
            Problem = ProblemOf(checkpoint, inspection),
        };
    }

    static string Shown(InspectedPart? part) => part?.Identity?.Name.Split(" (", 2)[0] ?? "unreadable";

    static string? ProblemOf(Checkpoint checkpoint, Inspection inspection)
    {
        if (inspection.Parts.FirstOrDefault(part => part.Problem is not null) is { } unreadable)
        {
            return $"has a {unreadable.Name} that cannot be read: {unreadable.Problem!.ReplaceLineEndings(" ").TrimEnd('.')}";
        }

        if (checkpoint.Lacks is { Count: > 0 } absent)
        {
            return $"has no {string.Join(" and no ", absent)}";
        }

        return inspection.Parts.FirstOrDefault(part => part.Identity is not { IsComplete: true }) is { } broken
            ? $"has a {broken.Name} that is not whole: {Counts(broken.Identity!)}"
            : null;
    }

    static string Counts(ModelIdentity identity) => string.Join(", ", new[]
    {
        (identity.Missing.Count, "missing"), (identity.Extra.Count, "not of this model"), (identity.Misshapen.Count, "of another shape"),
    }.Where(kind => kind.Item1 > 0).Select(kind => $"{kind.Item1} tensors {kind.Item2}").DefaultIfEmpty("not a part of a Wan model"));
}
