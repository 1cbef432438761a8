using Engine.Model.Text;
using Engine.Runtime;

namespace Engine.Cli;

/// <summary>The engine as one run of the command line sets it up.</summary>
static class EngineHost
{
    /// <summary>An engine for one request: the built-in model where none is named, nothing kept for a second request.</summary>
    public static VideoEngine Create(VideoRequest request) => new(Options(request));

    /// <summary>How such an engine is set up.</summary>
    public static VideoEngineOptions Options(VideoRequest request) => new()
    {
        ModelPath = request.Model ?? BuiltinModel.Find(),
        KeepLoaded = false,
        EmbeddingCache = EmbeddingCache.DefaultFolder,
    };
}
