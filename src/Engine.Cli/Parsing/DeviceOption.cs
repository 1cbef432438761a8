using System.CommandLine;
using Engine.Kernels;
using Engine.Runtime;
using Engine.Runtime.Devices;

namespace Engine.Cli.Parsing;

/// <summary>The option that says where to run. What cannot run is refused, never replaced in silence.</summary>
static class DeviceOption
{
    /// <summary>The option.</summary>
    public static Option<DeviceChoice?> Create()
    {
        var option = Opt.Make(
            "--device", [], "auto|cpu|cuda:N|opencl:N", "Where to run; 'engine devices' lists what there is", DeviceChoice.Forms, DeviceChoice.TryParse);
        option.CompletionSources.Add("auto", "cpu", "cuda:0", "opencl:0");
        return option;
    }

    /// <summary>Opens a device and says on stderr which one runs, and why where that was not asked for.</summary>
    /// <exception cref="EngineException">There is no such device here, or there cannot be that many threads.</exception>
    public static OpenedDevice Open(DeviceChoice choice, int threads)
    {
        var opened = DeviceOpener.Open(choice, threads);
        Console.Error.WriteLine($"running on {opened.Description}");
        return opened;
    }
}
