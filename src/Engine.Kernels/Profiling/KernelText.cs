using Engine.Kernels.Gpu;

namespace Engine.Kernels.Profiling;

/// <summary>What the engine's kernels are compiled to, as the driver gets it.</summary>
public static class KernelText
{
    // The oldest chip of the tensor-core tier; drivers compile its PTX for every later one.
    const int Major = 8;
    const int Minor = 0;

    /// <summary>PTX of every kernel, of both tiers; no GPU and no driver is needed.</summary>
    /// <param name="part">Only kernels whose name holds this, in any case; null means all.</param>
    public static IEnumerable<(string Name, string Text)> Ptx(string? part)
    {
        using var compiler = new OfflinePtx(Major, Minor);
        foreach (var kernel in GpuKernel.All.Where(k => Matches(k.Name, part)))
        {
            yield return (kernel.Name, compiler.Compile(kernel.Method, kernel.Specialization));
        }

        foreach (var kernel in CudaKernels.All.Where(k => Matches(k.Name, part)))
        {
            yield return (kernel.Name, compiler.Compile(kernel.Method, kernel.Specialization));
        }
    }

    /// <summary>OpenCL C of every portable kernel, as it is made for a device.</summary>
    /// <param name="device">An OpenCL device.</param>
    /// <param name="part">Only kernels whose name holds this, in any case; null means all.</param>
    /// <exception cref="EngineException">The device is of another kind.</exception>
    public static IEnumerable<(string Name, string Text)> OpenCl(Device device, string? part)
    {
        if (device is not GpuDevice { Kind: DeviceKind.OpenCl } gpu)
        {
            throw new EngineException(ErrorKind.BadRequest, $"OpenCL C is made for an OpenCL device, and {device.Name} is none; name one with --device opencl:N.");
        }

        return GpuKernel.All.Where(k => Matches(k.Name, part)).Select(k => (k.Name, KernelLoader.Source(gpu.Accelerator, k)));
    }

    static bool Matches(string name, string? part) => part is null || name.Contains(part, StringComparison.OrdinalIgnoreCase);
}
