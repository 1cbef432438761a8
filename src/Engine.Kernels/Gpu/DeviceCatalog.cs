using System.Globalization;
using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Engine.Kernels.Gpu;

/// <summary>What is known of one device without opening it.</summary>
/// <param name="Id">As <c>--device</c> takes it: <c>cpu</c>, <c>cuda:0</c>, <c>opencl:1</c>; or <c>cuda</c>, <c>opencl</c> where there is none.</param>
/// <param name="Kind">Through what it is driven.</param>
/// <param name="Name">The maker's name for it.</param>
/// <param name="MemoryBytes">Memory, bytes; 0 when unknown.</param>
/// <param name="Capability">CUDA compute capability or OpenCL C version; empty when unknown.</param>
/// <param name="Driver">Driver and its version; empty when unknown.</param>
/// <param name="Problem">Why it cannot be used; null when it can.</param>
public sealed record DeviceInfo(string Id, DeviceKind Kind, string Name, long MemoryBytes, string Capability, string Driver, string? Problem = null)
{
    /// <summary>True for an OpenCL driver over the host's own cores, which this engine's own vector code uses better.</summary>
    public bool RunsOnHostCores { get; init; }

    /// <summary>True when it can be opened.</summary>
    public bool IsUsable => Problem is null;
}

/// <summary>Finds and opens devices.</summary>
public static partial class DeviceCatalog
{
    /// <summary>Every CUDA and OpenCL device, and for each of the two that has none the reason.</summary>
    public static IReadOnlyList<DeviceInfo> Accelerators() => [.. Cuda(), .. OpenCl()];

    /// <summary>True when a driver of any accelerator is installed; takes no time and starts nothing.</summary>
    public static bool HasDrivers => DriverLibraries.HasCuda || DriverLibraries.HasOpenCl;

    /// <summary>Opens an accelerator.</summary>
    /// <param name="kind">CUDA or OpenCL.</param>
    /// <param name="index">Which one, from 0.</param>
    /// <param name="reduced">True to let tensor cores multiply operands rounded to 16 bits (CUDA).</param>
    /// <exception cref="EngineException">There is no such device, or its driver refuses; says why.</exception>
    public static GpuDevice Open(DeviceKind kind, int index, bool reduced = false)
    {
        IReadOnlyList<DeviceInfo> known = kind == DeviceKind.Cuda ? [.. Cuda()] : [.. OpenCl()];
        var usable = known.Where(d => d.IsUsable).ToArray();
        if (index >= usable.Length)
        {
            string reason = usable.Length == 0
                ? known[0].Problem!
                : $"there {(usable.Length == 1 ? "is one" : $"are {usable.Length}")}: {string.Join(", ", usable.Select(d => $"{d.Id} ({d.Name})"))}";
            throw new EngineException(ErrorKind.NoResources, $"There is no device {Prefix(kind)}:{index}: {reason}. 'engine devices' lists what can be used.");
        }

        try
        {
            return new GpuDevice(kind, index, kind == DeviceKind.Cuda ? GpuContext.CudaDevices[index] : GpuContext.OpenClDevices[index], reduced);
        }
        catch (Exception e) when (e is CudaException or CLException or NotSupportedException)
        {
            throw new EngineException(ErrorKind.NoResources, $"The device {Prefix(kind)}:{index} ({usable[index].Name}) cannot be opened: {e.Message}", e);
        }
    }

    static IEnumerable<DeviceInfo> Cuda()
    {
        if (!DriverLibraries.HasCuda)
        {
            return [Missing(DeviceKind.Cuda, "no NVIDIA driver is installed (libcuda was not found)")];
        }

        DriverLibraries.Use();
        int status = Init(0);
        if (status != 0)
        {
            return [Missing(DeviceKind.Cuda, $"the NVIDIA driver does not start (cuInit gave error {status}{(status == 100 ? ": no device" : "")})")];
        }

        string driver = DriverVersion(out int version) == 0
            ? string.Create(CultureInfo.InvariantCulture, $"CUDA {version / 1000}.{version % 1000 / 10}") : "";
        var found = GpuContext.CudaDevices;
        return found.Count == 0
            ? [Missing(DeviceKind.Cuda, $"the driver ({driver}) shows no device that can be used")]
            : found.Select((d, i) => new DeviceInfo(
                $"cuda:{i}", DeviceKind.Cuda, d.Name.Trim(), d.MemorySize, d.Architecture is { } a ? $"{a.Major}.{a.Minor}" : "", driver));
    }

    static IEnumerable<DeviceInfo> OpenCl()
    {
        if (!DriverLibraries.HasOpenCl)
        {
            return [Missing(DeviceKind.OpenCl, "no OpenCL loader is installed (libOpenCL was not found)")];
        }

        var found = GpuContext.OpenClDevices;
        return found.Count == 0
            ? [Missing(DeviceKind.OpenCl, "the OpenCL loader is there but no driver shows a device")]
            : found.Select((d, i) => new DeviceInfo(
                $"opencl:{i}", DeviceKind.OpenCl, d.Name.Trim(), d.MemorySize, $"OpenCL C {d.CVersion.Major}.{d.CVersion.Minor}", $"{d.PlatformName}, {d.PlatformVersion.Major}.{d.PlatformVersion.Minor}")
            {
                RunsOnHostCores = d.DeviceType == CLDeviceType.CL_DEVICE_TYPE_CPU,
            });
    }

    static DeviceInfo Missing(DeviceKind kind, string problem) => new(Prefix(kind), kind, "", 0, "", "", problem);

    static string Prefix(DeviceKind kind) => kind == DeviceKind.Cuda ? "cuda" : "opencl";

    [LibraryImport("cuda", EntryPoint = "cuInit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Init(uint flags);

    [LibraryImport("cuda", EntryPoint = "cuDriverGetVersion")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int DriverVersion(out int version);
}
