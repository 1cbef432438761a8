using Engine.Kernels;
using Engine.Kernels.Gpu;

namespace Engine.Runtime.Devices;

/// <summary>What <c>auto</c> means on this machine: the device on which a transformer's linear layer runs fastest.</summary>
/// <remarks>
/// Measured once per device, driver and version of the engine, and kept in the user's cache folder. Where no driver of another
/// device is installed the host's cores run, and nothing is measured; an OpenCL driver over the same cores is no other device.
/// </remarks>
public static class AutoDevice
{
    static readonly Lock s_lock = new();
    static readonly Dictionary<int, (DeviceChoice Choice, string Reason)> s_decided = [];

    /// <summary>Decides; the first call of a process may open devices and measure them.</summary>
    /// <param name="threads">Threads of the host's cores, as they would run; 0 means one per core.</param>
    /// <returns>A device that can be opened, and why it is this one.</returns>
    public static (DeviceChoice Choice, string Reason) Decide(int threads = 0)
    {
        lock (s_lock)
        {
            if (!s_decided.TryGetValue(threads, out var decided))
            {
                decided = DecideOnce(threads);
                s_decided.Add(threads, decided);
            }

            return decided;
        }
    }

    static (DeviceChoice Choice, string Reason) DecideOnce(int threads)
    {
        DeviceInfo[] usable = DeviceCatalog.HasDrivers ? [.. DeviceCatalog.Accelerators().Where(d => d.IsUsable && !d.RunsOnHostCores)] : [];
        if (usable.Length == 0)
        {
            return (DeviceChoice.Cpu, "there is no CUDA or OpenCL device here but the host's own cores");
        }

        var speeds = SpeedCache.Load();
        var figures = new List<DeviceFigure> { speeds.Get(DeviceChoice.Cpu, null, threads) };
        figures.AddRange(usable.Select(d => speeds.Get(DeviceChoice.Parse(d.Id), d, threads)));
        speeds.Save();
        var best = figures.MaxBy(f => f.GFlops ?? 0)!;
        string others = string.Join(", ", figures.Where(f => f != best).Select(f => $"{f.Choice} {f.InWords}"));
        return (best.Choice, $"the fastest here, {best.InWords} ({others})");
    }
}
