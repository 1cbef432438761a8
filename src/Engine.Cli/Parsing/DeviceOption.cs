using System.CommandLine;
using Engine.Kernels;
using Engine.Runtime;

namespace Engine.Cli.Parsing;

/// <summary>The option that says where to run. What cannot run is refused, never replaced in silence.</summary>
static class DeviceOption
{
    /// <summary>Kinds of device that other versions of the engine know and this one does not compute on.</summary>
    public static IReadOnlyList<string> NotBuilt { get; } = ["cuda", "opencl"];

    /// <summary>The option.</summary>
    public static Option<string?> Create()
    {
        var option = Opt.Text("--device", "auto|cpu", "Where to run; 'engine devices' lists what there is");
        option.CompletionSources.Add("auto", "cpu");
        return option;
    }

    /// <summary>The device of that name; null where none is given.</summary>
    /// <exception cref="EngineException">There is no such device here.</exception>
    public static DeviceChoice? Choose(string? name)
    {
        if (name is null)
        {
            return null;
        }

        if (Enum.TryParse(name, ignoreCase: true, out DeviceChoice choice) && Enum.IsDefined(choice) && !int.TryParse(name, out _))
        {
            return choice;
        }

        bool known = NotBuilt.Any(d => name.StartsWith(d, StringComparison.OrdinalIgnoreCase));
        throw new EngineException(
            known ? ErrorKind.NoResources : ErrorKind.BadRequest,
            known ? $"--device is '{name}', which is not built in this version; it takes auto or cpu." : $"--device is '{name}'; it takes auto or cpu.");
    }

    /// <summary>Opens the device of that name; the machine's own where none is given.</summary>
    /// <exception cref="EngineException">There is no such device here, or not that many threads.</exception>
    public static CpuDevice Open(string? name, int threads)
    {
        Choose(name);
        return threads is >= 0 and <= 1024
            ? new CpuDevice(threads)
            : throw new EngineException(ErrorKind.BadRequest, $"--threads is {threads}; it takes 0 (one per core) to 1024.");
    }
}
