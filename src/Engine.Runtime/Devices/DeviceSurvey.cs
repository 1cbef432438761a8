using Engine.Kernels;
using Engine.Kernels.Gpu;
using Engine.Runtime.Benchmarks;

namespace Engine.Runtime.Devices;

/// <summary>One device of this machine, measured.</summary>
/// <param name="Info">What is known of it without opening it.</param>
/// <param name="Problem">Why it cannot be used; null when it can.</param>
/// <param name="Peak">What it does at most, measured; zeros where it cannot be used.</param>
/// <param name="Linear">Speed of a transformer's linear layer, by which <c>auto</c> decides.</param>
/// <param name="Threads">Threads of the host's cores; null for others.</param>
/// <param name="FreeMemory">Bytes that are free; null where it is not told.</param>
/// <param name="IsAuto">True for the one that <c>auto</c> takes.</param>
public sealed record SurveyedDevice(
    DeviceInfo Info, string? Problem, Roofline Peak, DeviceFigure Linear, int? Threads = null, long? FreeMemory = null, bool IsAuto = false);

/// <summary>Opens and measures every device of this machine, one after the other, and keeps the figures for <c>auto</c>.</summary>
public static class DeviceSurvey
{
    /// <summary>Runs it: a second or so for the host's cores, a few for each other device.</summary>
    public static IReadOnlyList<SurveyedDevice> Run()
    {
        var speeds = SpeedCache.Load();
        var found = new List<SurveyedDevice> { Host(speeds) };
        found.AddRange(DeviceCatalog.Accelerators().Select(info => Accelerator(info, speeds)));
        speeds.Save();
        var best = found.Where(d => d.Problem is null && !d.Info.RunsOnHostCores).MaxBy(d => d.Linear.GFlops ?? 0)!;
        return [.. found.Select(d => d == best ? d with { IsAuto = true } : d)];
    }

    static SurveyedDevice Host(SpeedCache speeds)
    {
        using var cpu = new CpuDevice();
        string isa = cpu.Isa == CpuDevice.WidestPresent ? $"{cpu.Isa}" : $"{cpu.Isa} (widest here: {CpuDevice.WidestPresent})";
        var info = new DeviceInfo("cpu", DeviceKind.Cpu, Machine.ProcessorName, Machine.MemoryBytes, isa, "");
        return new(info, null, Roofline.Measure(cpu), speeds.Renew(DeviceChoice.Cpu, null, cpu), cpu.Pool.Threads, Machine.FreeMemoryBytes);
    }

    static SurveyedDevice Accelerator(DeviceInfo info, SpeedCache speeds)
    {
        if (info.Problem is { } problem)
        {
            return new(info, problem, default, default!);
        }

        var choice = DeviceChoice.Parse(info.Id);
        try
        {
            using var device = DeviceCatalog.Open(info.Kind, choice.Index);
            return new(info, null, Roofline.Measure(device), speeds.Renew(choice, info, device), null, device.FreeMemory);
        }
        catch (EngineException e)
        {
            return new(info, e.Message, default, default!);
        }
    }
}
