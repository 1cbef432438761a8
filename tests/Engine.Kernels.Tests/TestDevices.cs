namespace Engine.Kernels.Tests;

/// <summary>Devices that tests of kernels run on: one per instruction set of this machine.</summary>
public static class TestDevices
{
    static readonly Dictionary<(Isa, int), CpuDevice> s_devices = [];

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
}
