using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>One weight file (or sharded set) as <c>engine inspect</c> shows it.</summary>
public sealed record InspectedPart
{
    /// <summary>What the layout takes it for (transformer, VAE, ...), or "file".</summary>
    public required string Name { get; init; }

    /// <summary>File or index.</summary>
    public required string Path { get; init; }

    /// <summary>What its tensors say it is; null when the file cannot be read.</summary>
    public ModelIdentity? Identity { get; init; }

    /// <summary>Its tensors under the names they are stored with, in the file's order.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; init; } = [];

    /// <summary>Free-form strings of the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>True for a list of names and shapes without weights behind it, whose types and bytes mean nothing.</summary>
    public bool IsList { get; init; }

    /// <summary>Why the file cannot be used, or null.</summary>
    public string? Problem { get; init; }

    /// <summary>Number of values.</summary>
    public long Values => Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, extent) => product * extent));

    /// <summary>Bytes of all tensors.</summary>
    public long Bytes => Tensors.Sum(tensor => tensor.Bytes);

    /// <summary>Tensors and bytes of each stored type.</summary>
    public IReadOnlyList<(DType Type, int Tensors, long Bytes)> Types =>
        [.. Tensors.GroupBy(t => t.Type).Select(g => (g.Key, g.Count(), g.Sum(t => t.Bytes))).OrderByDescending(t => t.Item3)];
}

/// <summary>What is at a path: its layout, its parts, what they are, and what is missing.</summary>
public sealed record Inspection
{
    /// <summary>Folder or file.</summary>
    public required string Path { get; init; }

    /// <summary>The layout, in words.</summary>
    public required string Layout { get; init; }

    /// <summary>The model when it opens as one; null when it does not (<see cref="Problems"/> says why).</summary>
    public Checkpoint? Checkpoint { get; init; }

    /// <summary>What it is called: of the model, or else of its one part.</summary>
    public required string Name { get; init; }

    /// <summary>The weight files.</summary>
    public required IReadOnlyList<InspectedPart> Parts { get; init; }

    /// <summary>Files that a complete model has and this one lacks, and whatever else keeps it from working, one sentence each.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>True when nothing is missing or wrong, in the files and in their tensors.</summary>
    public bool IsComplete => Problems.Count == 0 && Parts.All(part => part.Problem is null && part.Identity is { IsComplete: true });

    /// <summary>Looks at a path. Broken files do not stop it; they are reported.</summary>
    /// <param name="path">A model folder, a weight file, or a list of tensors (.tsv: name, tab, extents joined by x).</param>
    /// <param name="heads">Number of heads, for models whose heads are not as wide as the published ones'.</param>
    /// <exception cref="WeightFileException">There is nothing at the path.</exception>
    public static Inspection Of(string path, int? heads = null)
    {
        if (File.Exists(path))
        {
            return OfFile(path, heads);
        }

        if (!Directory.Exists(path))
        {
            throw new WeightFileException(path, "there is no such file or folder.");
        }

        return File.Exists(System.IO.Path.Combine(path, DiffusersLayout.Index)) || DiffusersLayout.FindParts(path).Count > 0 ? OfDiffusers(path)
            : OfficialLayout.FindParts(path) is { Count: > 0 } parts ? OfOfficial(path, parts)
            : OfLooseFiles(path);
    }

    static Inspection OfFile(string path, int? heads)
    {
        if (path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase))
        {
            var tensors = TensorLists.Read(path);
            var list = new InspectedPart
            {
                Name = "list",
                Path = path,
                Tensors = tensors,
                IsList = true,
                Identity = ModelIdentity.Identify(tensors, heads),
            };
            return new Inspection { Path = path, Layout = "list of tensors", Name = list.Identity.Name, Parts = [list], Problems = [] };
        }

        var parts = Try(() => Kinds(path), out _) is { Count: > 1 } several
            ? [.. several.Select(kind => Part(SingleFileLayout.NameOf(kind), path, kind == ModelPart.Transformer ? heads : null, kind))]
            : new[] { Part("file", path, heads) };
        string layout = path.EndsWith(WeightFiles.IndexSuffix, StringComparison.OrdinalIgnoreCase) ? "sharded safetensors" : "single file";
        var checkpoint = parts.All(part => part.Identity is { Part: not null, IsComplete: true }) ? Try(() => Checkpoint.Open(path, heads), out _) : null;
        return new Inspection
        {
            Path = path,
            Layout = layout,
            Name = parts.Length > 1 && checkpoint is not null ? checkpoint.Name : parts[0].Identity?.Name ?? "unreadable",
            Parts = parts,
            Problems = [.. parts.Select(part => part.Problem).OfType<string>()],
            Checkpoint = checkpoint,
        };
    }

    static List<ModelPart> Kinds(string path)
    {
        using var source = WeightFiles.Open(path);
        return [.. PartDetector.All(source.Tensors).Select(detected => detected.Part)];
    }

    static Inspection OfDiffusers(string path)
    {
        var problems = new List<string>();
        var parts = DiffusersLayout.FindParts(path);
        var declared = Try(() => DiffusersLayout.DeclaredFolders(path), out _);
        foreach (string folder in declared ?? [])
        {
            if (!Directory.Exists(System.IO.Path.Combine(path, folder)))
            {
                problems.Add($"The folder {folder} is missing, though {DiffusersLayout.Index} names it.");
            }
        }

        Require(problems, path, System.IO.Path.Combine("tokenizer", "spiece.model"), "the tokenizer");
        Require(problems, path, System.IO.Path.Combine("scheduler", "scheduler_config.json"), "the sampler's configuration");
        return OfFolder(path, "diffusers folder", parts, problems);
    }

    static Inspection OfOfficial(string path, IReadOnlyList<CheckpointPart> parts)
    {
        var problems = new List<string>();
        RequireKind(ModelPart.Transformer, "diffusion_pytorch_model.safetensors, the transformer");
        RequireKind(ModelPart.TextEncoder, "models_t5_umt5-xxl-enc-bf16.pth, the text encoder");
        RequireKind(ModelPart.Vae, "Wan2.1_VAE.pth or Wan2.2_VAE.pth, the VAE");
        Require(problems, path, System.IO.Path.Combine("google", "umt5-xxl", "spiece.model"), "the tokenizer");
        var inspection = OfFolder(path, "folder in Wan's own layout", parts, problems);
        return inspection.Checkpoint is { Transformer.ImageDim: not null, ImageEncoder: null }
            ? inspection with { Problems = [.. problems, "There is no models_clip_*.pth, the image encoder that this transformer needs."] }
            : inspection;

        void RequireKind(ModelPart kind, string what)
        {
            if (parts.All(part => part.Kind != kind))
            {
                problems.Add($"There is no {what}.");
            }
        }
    }

    static Inspection OfFolder(string path, string layout, IReadOnlyList<CheckpointPart> parts, List<string> problems)
    {
        var checkpoint = Try(() => Checkpoint.Open(path), out string? problem);
        if (problem is not null)
        {
            problems.Add(problem);
        }

        return new Inspection
        {
            Path = path,
            Layout = layout,
            Checkpoint = checkpoint,
            Name = checkpoint?.Name ?? new DirectoryInfo(path).Name,
            Parts = [.. parts.Select(part => Part(part.Name, part.Path, HeadsOf(checkpoint, part.Kind)))],
            Problems = problems,
        };
    }

    static Inspection OfLooseFiles(string path)
    {
        var files = Directory.EnumerateFiles(path)
            .Where(file => WeightFiles.Endings.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
            .Order(StringComparer.Ordinal);
        InspectedPart[] parts = [.. files.Select(file => Part(System.IO.Path.GetFileName(file), file, heads: null))];
        string problem = parts.Length == 0
            ? "There are no weight files in this folder."
            : $"This folder is not a model of a known layout: it has neither {DiffusersLayout.Index} nor weights in Wan's own file names.";
        return new Inspection { Path = path, Layout = "folder", Name = new DirectoryInfo(path).Name, Parts = parts, Problems = [problem] };
    }

    static InspectedPart Part(string name, string path, int? heads, ModelPart? only = null)
    {
        try
        {
            using var file = WeightFiles.Open(path);
            var source = only is { } kind ? PartDetector.Only(file, kind) : file;
            return new InspectedPart
            {
                Name = name,
                Path = path,
                Tensors = [.. source.Tensors],
                Metadata = (file as SafetensorsFile)?.Metadata ?? new Dictionary<string, string>(),
                Identity = ModelIdentity.Identify(source.Tensors, heads),
            };
        }
        catch (EngineException e)
        {
            return new InspectedPart { Name = name, Path = path, Problem = e.Message };
        }
    }

    static int? HeadsOf(Checkpoint? checkpoint, ModelPart kind) => kind switch
    {
        ModelPart.Transformer => checkpoint?.Transformer?.Heads,
        ModelPart.ImageEncoder => checkpoint?.ImageEncoder?.Heads,
        _ => null,
    };

    static T? Try<T>(Func<T> open, out string? problem)
        where T : class
    {
        try
        {
            problem = null;
            return open();
        }
        catch (EngineException e)
        {
            problem = e.Message;
            return null;
        }
    }

    static void Require(List<string> problems, string path, string file, string what)
    {
        if (!File.Exists(System.IO.Path.Combine(path, file)))
        {
            problems.Add($"The file {file}, {what}, is missing.");
        }
    }
}
