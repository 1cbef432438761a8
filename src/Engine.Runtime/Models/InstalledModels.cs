using Engine.Model.Weights;

namespace Engine.Runtime;

/// <summary>The models that requests can name: the engine's own and those in the folder of models.</summary>
static class InstalledModels
{
    /// <summary>All of them, and whatever else lies in the folder: the engine's own first, then by name.</summary>
    /// <param name="own">Folder or file of the model that requests use when they name none, or null.</param>
    /// <param name="folder">The folder of models, or null.</param>
    public static IReadOnlyList<InstalledModel> List(string? own, string? folder)
    {
        var models = new List<InstalledModel>();
        if (own is not null)
        {
            models.Add(InstalledModel.At(own, isDefault: true));
        }

        foreach (string path in ModelsFolder.Entries(folder).Where(path => own is null || !Same(path, own)))
        {
            var model = InstalledModel.At(path);
            models.Add(own is not null && model.Name == NameOf(own) ? model with { Problem = "has the name of the model that requests use when they name none; rename it" } : model);
        }

        return models;
    }

    /// <summary>Where a model lies that a request names by path or by name.</summary>
    /// <param name="model">A path, or a name as <see cref="ModelsFolder.Find"/> takes it.</param>
    /// <param name="own">Folder or file of the engine's own model, or null.</param>
    /// <param name="folder">The folder of models, or null.</param>
    /// <exception cref="WeightFileException">There is no such model.</exception>
    public static string PathOf(string model, string? own, string? folder)
    {
        if (File.Exists(model) || Directory.Exists(model))
        {
            return model;
        }

        if (own is not null && model == NameOf(own))
        {
            return own;
        }

        if (ModelsFolder.Find(folder, model) is { } path)
        {
            return path;
        }

        string[] names = [.. ModelsFolder.Entries(folder).Where(ModelsFolder.MayBeModel).Select(NameOf)];
        string installed = names.Length == 0 ? "none is installed" : $"installed are {string.Join(", ", names)}";
        throw new WeightFileException(model, $"there is no such model folder or file, and no installed model of that name{(folder is null ? "" : $" in {folder}, where {installed}")}.");
    }

    static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));

    static bool Same(string a, string b) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(a)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(b));
}
