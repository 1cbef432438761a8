using Engine.Kernels;

namespace Engine.Cli;

/// <summary>Where the model that comes with the engine lies: beside the program, or in the checkout it was built from.</summary>
static class BuiltinModel
{
    /// <summary>Its folder.</summary>
    /// <exception cref="EngineException">It is nowhere near the program.</exception>
    public static string Find() => TryFind() ?? throw new EngineException(
        ErrorKind.BadInput, $"The built-in model is missing: no weights/builtin at or above {AppContext.BaseDirectory}; give a model with --model.");

    /// <summary>Its folder, or null where it is nowhere near the program.</summary>
    public static string? TryFind()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "weights", "builtin");
            if (File.Exists(Path.Combine(folder, "model_index.json")))
            {
                return folder;
            }
        }

        return null;
    }
}
