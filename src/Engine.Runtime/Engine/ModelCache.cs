using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Text;
using Engine.Runtime.Pipelines;
using Microsoft.Extensions.Logging;

namespace Engine.Runtime;

/// <summary>Models that are open, by path and device, so that the next request finds them loaded.</summary>
sealed class ModelCache(VideoEngineOptions options, ILogger log) : IDisposable
{
    readonly Lock _lock = new();
    readonly Dictionary<string, Checkpoint> _checkpoints = [];
    readonly Dictionary<int, CpuDevice> _devices = [];
    readonly Dictionary<(string Path, int Threads), ModelParts> _parts = [];

    /// <summary>Bytes that the devices hold.</summary>
    public long HeldBytes => _devices.Values.Sum(d => d.Allocated);

    /// <summary>The model's description; reads configurations, no weights.</summary>
    /// <param name="model">Folder or file; null means the engine's own.</param>
    /// <exception cref="EngineException">There is no model there.</exception>
    public Checkpoint Open(string? model)
    {
        string path = Path.GetFullPath(model ?? options.ModelPath ?? throw new RequestException("model", "no model was named; give the folder of one."));
        lock (_lock)
        {
            if (!_checkpoints.TryGetValue(path, out var checkpoint))
            {
                checkpoint = Checkpoint.Open(path);
                _checkpoints.Add(path, checkpoint);
            }

            return checkpoint;
        }
    }

    /// <summary>The device a request runs on; which one it is, is logged when it is first used.</summary>
    public CpuDevice Device(VideoRequest request)
    {
        int threads = request.Threads ?? options.Threads;
        var choice = request.Device ?? options.Device;
        if (choice.Kind is DeviceKind.Cuda or DeviceKind.OpenCl)
        {
            throw new RequestException("device", $"clips are not made on {choice} in this version; it takes auto or cpu.", ErrorKind.NoResources);
        }

        lock (_lock)
        {
            if (!_devices.TryGetValue(threads, out var device))
            {
                device = new CpuDevice(threads);
                _devices.Add(threads, device);
                log.LogInformation("Running on {Device}.", device.Name);
            }

            return device;
        }
    }

    /// <summary>The model's parts on a device.</summary>
    public ModelParts Parts(Checkpoint checkpoint, VideoRequest request)
    {
        var device = Device(request);
        lock (_lock)
        {
            var key = (checkpoint.Path, request.Threads ?? options.Threads);
            if (!_parts.TryGetValue(key, out var parts))
            {
                var cache = options.EmbeddingCache is { } folder ? new EmbeddingCache(folder) : null;
                parts = new ModelParts(checkpoint, device, cache);
                _parts.Add(key, parts);
            }

            return parts;
        }
    }

    /// <summary>Frees what no job uses, of every model but one.</summary>
    public void ReleaseOthers(ModelParts keep)
    {
        lock (_lock)
        {
            foreach (var parts in _parts.Values)
            {
                if (parts != keep)
                {
                    parts.Release();
                }
            }
        }
    }

    /// <summary>Frees every model and stops every device.</summary>
    public void Dispose()
    {
        foreach (var parts in _parts.Values)
        {
            parts.Dispose();
        }

        foreach (var device in _devices.Values)
        {
            device.Dispose();
        }
    }
}
