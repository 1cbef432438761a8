using Engine.Kernels;
using Engine.Kernels.Gpu;

namespace Engine.Runtime.Devices;

/// <summary>A device that was opened; the caller owns it.</summary>
/// <param name="Device">The device.</param>
/// <param name="Choice">Which one it is; never <see cref="DeviceChoice.Auto"/>.</param>
/// <param name="Reason">Why this one, where a measurement or the lack of others decided; empty where it was named.</param>
public sealed record OpenedDevice(Device Device, DeviceChoice Choice, string Reason) : IDisposable
{
    /// <summary>What runs, in words for the user.</summary>
    public string Description => Reason.Length == 0 ? Device.Name : $"{Device.Name}: {Reason}";

    /// <inheritdoc/>
    public void Dispose() => Device.Dispose();
}

/// <summary>Opens devices. Every command and the engine itself come here, so that a choice means the same everywhere.</summary>
public static class DeviceOpener
{
    /// <summary>Opens what a choice names; what cannot be opened is refused, never replaced.</summary>
    /// <param name="choice">Where to run; for <see cref="DeviceChoice.Auto"/> see <see cref="AutoDevice"/>.</param>
    /// <param name="threads">Threads of the host's cores, where those run; 0 means one per core.</param>
    /// <exception cref="EngineException">There is no such device here, its driver refuses, or there cannot be that many threads.</exception>
    public static OpenedDevice Open(DeviceChoice choice, int threads = 0)
    {
        if (threads is < 0 or > RequestRules.MaxThreads)
        {
            throw new RequestException("threads", $"{threads} is not possible; it takes 0 (one per core) to {RequestRules.MaxThreads}.");
        }

        string reason = "";
        if (choice.IsAuto)
        {
            (choice, reason) = AutoDevice.Decide(threads);
        }

        Device device = choice.Kind == DeviceKind.Cpu ? new CpuDevice(threads) : DeviceCatalog.Open(choice.Kind!.Value, choice.Index, choice.Reduced);
        return new OpenedDevice(device, choice, reason);
    }
}
