using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Engine.Runtime;

/// <summary>Adds the engine to an application.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>Registers <see cref="IVideoEngine"/> as one engine for the whole application; models load with the first request.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Sets the engine up, at least <see cref="VideoEngineOptions.ModelPath"/> or <see cref="VideoEngineOptions.ModelsFolder"/>.</param>
    public static IServiceCollection AddVideoEngine(this IServiceCollection services, Action<VideoEngineOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<VideoEngineOptions>();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.TryAddSingleton<IVideoEngine>(provider => new VideoEngine(
            provider.GetRequiredService<IOptions<VideoEngineOptions>>().Value, provider.GetService<ILogger<VideoEngine>>()));
        return services;
    }
}
