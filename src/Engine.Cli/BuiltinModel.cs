using Engine.Kernels;

namespace Engine.Cli;

/// <summary>Where the model that comes with the engine lies: beside the program, or in the checkout it was built from.</summary>
static class BuiltinModel
{
    /// <summary>Its folder.</summary>
    /// <exception cref="EngineException">It is nowhere near the program.</exception>
    public static string Find()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "weights", "builtin");
            if (File.Exists(Path.Combine(folder, "model_index.json")))
            {
                return folder;
            }
        }

        throw new EngineException(ErrorKind.BadInput, $"The built-in model is missing: no weights/builtin at or above {AppContext.BaseDirectory}; give a model with --model.");
    }
}
