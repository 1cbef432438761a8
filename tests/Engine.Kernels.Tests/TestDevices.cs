using Engine.Kernels.Gpu;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Devices that tests of kernels run on: one per instruction set of this machine, and its accelerators.</summary>
public static class TestDevices
{
    static readonly Dictionary<(Isa, int), CpuDevice> s_devices = [];
    static readonly Dictionary<string, GpuDevice> s_gpus = [];

    /// <summary>Every instruction set of this machine.</summary>
    public static IEnumerable<Isa> Isas => Enum.GetValues<Isa>().Where(i => i <= CpuDevice.WidestPresent);

    /// <summary>A shared device; tests never dispose it.</summary>
    public static CpuDevice Cpu(Isa isa, int threads = 2)
    {
        lock (s_devices)
        {
            if (!s_devices.TryGetValue((isa, threads), out var device))
            {
                s_devices[(isa, threads)] = device = new CpuDevice(threads, isa);
            }

            return device;
        }
    }

    /// <summary>A shared accelerator, the first CUDA or OpenCL one; the test is skipped, with the reason, where there is none.</summary>
    public static GpuDevice Gpu()
    {
        var known = DeviceCatalog.Accelerators();
        var info = known.FirstOrDefault(d => d.IsUsable);
        Assert.SkipWhen(info is null, "No accelerator: " + string.Join("; ", known.Select(d => $"{d.Id}: {d.Problem}")));
        lock (s_gpus)
        {
            if (!s_gpus.TryGetValue(info!.Id, out var device))
            {
                int index = int.Parse(info.Id[(info.Id.IndexOf(':') + 1)..]);
                s_gpus[info.Id] = device = DeviceCatalog.Open(info.Kind, index);
            }

            return device;
        }
    }
}
