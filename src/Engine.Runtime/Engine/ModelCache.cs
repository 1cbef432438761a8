using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Text;
using Engine.Runtime.Devices;
using Engine.Runtime.Pipelines;
using Microsoft.Extensions.Logging;

namespace Engine.Runtime;

/// <summary>Models that are open, by path and device, so that the next request finds them loaded.</summary>
/// <param name="options">Where the models are and where they run.</param>
/// <param name="log">Told which device runs.</param>
/// <param name="given">A device that is open already, used for every request and not disposed here; null opens what requests name.</param>
sealed class ModelCache(VideoEngineOptions options, ILogger log, Device? given = null) : IDisposable
{
    readonly Lock _lock = new();
    readonly Dictionary<string, Checkpoint> _checkpoints = [];
    readonly Dictionary<(DeviceChoice Choice, int Threads), OpenedDevice> _devices = [];
    readonly Dictionary<(Checkpoint Model, Device Device, string Loras), ModelParts> _parts = [];

    /// <summary>Bytes that the devices hold.</summary>
    public long HeldBytes => _devices.Values.Sum(d => d.Device.Allocated) + (given?.Allocated ?? 0);

    /// <summary>The model's description; reads configurations, no weights.</summary>
    /// <param name="model">Folder, file, or name of an installed model; null means the engine's own.</param>
    /// <exception cref="EngineException">There is no model there.</exception>
    public Checkpoint Open(string? model)
    {
        string path = Path.GetFullPath(PathOf(model) ?? throw new RequestException("model", "no model was named, and none is installed; give the folder of one."));
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

    /// <summary>The model of a request, with the files that replace its parts.</summary>
    /// <exception cref="EngineException">There is no model there, or a file does not go with it.</exception>
    public Checkpoint Open(VideoRequest request)
    {
        if (request.Files is not { } files || !files.Given.Any())
        {
            return Open(request.Model);
        }

        // A transformer of its own brings no other parts along; without one, parts of the engine's own model are replaced.
        string? path = request.Model is null && files.Transformer is not null ? null : PathOf(request.Model);
        string key = string.Join('|', new[] { path ?? "" }.Concat(files.Given.Select(file => $"{file.Field}={Path.GetFullPath(file.Path)}")));
        lock (_lock)
        {
            if (!_checkpoints.TryGetValue(key, out var checkpoint))
            {
                checkpoint = Checkpoint.Open(path, files);
                _checkpoints.Add(key, checkpoint);
            }

            return checkpoint;
        }
    }

    /// <summary>The device a request runs on and why it is that one; what runs is logged when it is first used.</summary>
    /// <exception cref="EngineException">There is no such device.</exception>
    public (Device Device, string Description) Device(VideoRequest request)
    {
        if (given is not null)
        {
            return (given, given.Name);
        }

        var choice = request.Device ?? options.Device;
        int threads = request.Threads ?? options.Threads;
        lock (_lock)
        {
            if (!_devices.TryGetValue((choice, threads), out var opened))
            {
                opened = Open(choice, threads);
                if (opened.Device is CpuDevice cpu)
                {
                    cpu.MapsFiles = options.MapWeights ?? cpu.MapsFiles;
                }

                _devices.Add((choice, threads), opened);
                options.OnDevice?.Invoke(opened.Device);
                log.LogInformation("Running on {Device}.", opened.Description);
            }

            return (opened.Device, opened.Description);
        }
    }

    /// <summary>The model's parts on a device.</summary>
    public ModelParts Parts(Checkpoint checkpoint, VideoRequest request)
    {
        var (device, inWords) = Device(request);
        lock (_lock)
        {
            var loras = LoraRequest.Of(request);
            var key = (checkpoint, device, loras.Key);
            if (!_parts.TryGetValue(key, out var parts))
            {
                var cache = options.EmbeddingCache is { } folder ? new EmbeddingCache(folder) : null;
                parts = new ModelParts(checkpoint, device, cache, loras: loras) { DeviceInWords = inWords };
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

        foreach (var opened in _devices.Values.DistinctBy(opened => opened.Device))
        {
            opened.Dispose();
        }
    }

    string? PathOf(string? model) => model is null ? options.ModelPath : InstalledModels.PathOf(model, options.ModelPath, options.ModelsFolder);

    // An accelerator is opened once, whatever choice led to it: its kernels are compiled anew for each opening.
    OpenedDevice Open(DeviceChoice choice, int threads)
    {
        var (decided, reason) = choice.IsAuto ? AutoDevice.Decide(threads) : (choice, "");
        var open = decided.Kind == DeviceKind.Cpu ? null : _devices.Values.FirstOrDefault(d => d.Choice == decided);
        return open is not null ? open with { Reason = reason } : DeviceOpener.Open(decided, threads) with { Reason = reason };
    }
}
