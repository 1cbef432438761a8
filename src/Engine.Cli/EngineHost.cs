using Engine.Kernels;
using Engine.Model.Text;
using Engine.Runtime;

namespace Engine.Cli;

/// <summary>The engine as one run of the command line sets it up.</summary>
static class EngineHost
{
    /// <summary>An engine for one request: the built-in model where none is named or chosen, nothing kept for a second request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="models">The folder of models; null means the user's own.</param>
    /// <exception cref="EngineException">There is no such folder, or nothing names a model and the built-in one is missing.</exception>
    public static VideoEngine Create(VideoRequest request, string? models) => new(Options(request, models));

    /// <summary>How such an engine is set up.</summary>
    public static VideoEngineOptions Options(VideoRequest request, string? models)
    {
        bool needsBuiltin = request.Model is null && request.Files?.Transformer is null && request.Tier is null;
        var options = Options(models);
        options.ModelPath = needsBuiltin ? BuiltinModel.Find() : options.ModelPath;
        return options;
    }

    /// <summary>How an engine is set up whose requests are not known.</summary>
    public static VideoEngineOptions Options(string? models) => new()
    {
        ModelPath = BuiltinModel.TryFind(),
        ModelsFolder = Folder(models),
        KeepLoaded = false,
        EmbeddingCache = EmbeddingCache.DefaultFolder,
    };

    // A folder that is named must be there; the user's own comes about when the first model is put into it.
    static string? Folder(string? models) => models is null || Directory.Exists(models)
        ? models ?? ModelsFolder.Default
        : throw new EngineException(ErrorKind.BadInput, $"--models: there is no folder '{models}'; give the folder that your models lie in.");
}
