using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Kernels;
using Engine.Kernels.Gpu;
using Engine.Model;
using Engine.Runtime.Benchmarks;

namespace Engine.Runtime.Devices;

/// <summary>What a device was measured to do.</summary>
/// <param name="Choice">Which device.</param>
/// <param name="GFlops">Speed of a linear layer, GFLOP/s; null where it does not run.</param>
/// <param name="Problem">Why it does not run; null where it does.</param>
public sealed record DeviceFigure(DeviceChoice Choice, double? GFlops, string? Problem)
{
    /// <summary>The figure or the problem, for a sentence.</summary>
    public string InWords => GFlops is { } speed ? $"{speed:0} GFLOP/s" : $"does not run ({Problem})";
}

/// <summary>Measured speeds by device, driver and version of the engine, kept in the user's cache folder.</summary>
/// <remarks>Trouble with the file never stops anything: what cannot be read is measured again.</remarks>
sealed class SpeedCache
{
    const int MaxEntries = 64;

    readonly string? _path;
    readonly JsonObject _entries;
    bool _changed;

    SpeedCache(string? path, JsonObject entries) => (_path, _entries) = (path, entries);

    /// <summary>Reads what earlier runs measured.</summary>
    public static SpeedCache Load() => Load(CacheFolder.Of("devices") is { } folder ? Path.Combine(folder, "speed.json") : null);

    /// <summary>Reads a file of figures; one that is missing or damaged holds none.</summary>
    internal static SpeedCache Load(string? path)
    {
        try
        {
            return new(path, path is not null && File.Exists(path) && JsonNode.Parse(File.ReadAllText(path)) is JsonObject read ? read : []);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return new(path, []);
        }
    }

    /// <summary>A device's figure, measured now where no earlier run did.</summary>
    /// <param name="choice">The device.</param>
    /// <param name="info">What is known of it; null for the host's cores.</param>
    /// <param name="threads">Threads of the host's cores; 0 means one per core.</param>
    public DeviceFigure Get(DeviceChoice choice, DeviceInfo? info, int threads)
    {
        string key = Key(info, threads);
        if (_entries[key] is JsonValue value && value.TryGetValue(out double known) && known > 0)
        {
            return new(choice, known, null);
        }

        try
        {
            using var opened = DeviceOpener.Open(choice, threads);
            return Renew(choice, info, opened.Device, threads);
        }
        catch (EngineException e)
        {
            return new(choice, null, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>A device's figure, measured now.</summary>
    /// <param name="choice">The device.</param>
    /// <param name="info">What is known of it; null for the host's cores.</param>
    /// <param name="device">The device, open.</param>
    /// <param name="threads">Threads of the host's cores; 0 means one per core.</param>
    public DeviceFigure Renew(DeviceChoice choice, DeviceInfo? info, Device device, int threads = 0)
    {
        try
        {
            double speed = DeviceProbe.GFlops(device);
            if (_entries.Count >= MaxEntries)
            {
                _entries.Clear();
            }

            _entries[Key(info, threads)] = Math.Round(speed, 1);
            _changed = true;
            return new(choice, speed, null);
        }
        catch (Exception e)
        {
            // Whatever its driver or compiler throws: the device does not run here, and the choice says so.
            return new(choice, null, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Writes what was measured, beside and renamed.</summary>
    public void Save()
    {
        if (!_changed || _path is null)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            string beside = $"{_path}.{Environment.ProcessId}";
            File.WriteAllText(beside, _entries.ToJsonString());
            File.Move(beside, _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be kept costs a measurement in the next run, nothing else.
        }
    }

    static string Key(DeviceInfo? info, int threads)
    {
        // Another build has other kernels, whatever its version is called.
        string build = typeof(Device).Assembly.ManifestModule.ModuleVersionId.ToString("N");
        return info is not null
            ? $"{info.Id}|{info.Name}|{info.Driver}|{build}"
            : $"cpu|{Machine.ProcessorName}|{CpuDevice.Requested}|{(threads == 0 ? Environment.ProcessorCount : threads)}|{build}";
    }
}
