using System.Reflection;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Engine.Kernels.Gpu;

/// <summary>ILGPU's context, made once per process, and the devices it found.</summary>
/// <remarks>
/// A kernel that fails to compile spoils every later compilation in the same context, so that such a failure is final: it is a
/// defect of the kernel, found by the tests that compile every one.
/// </remarks>
static class GpuContext
{
    static readonly Lazy<Context> s_context = new(Create);

    /// <summary>The context.</summary>
    public static Context Instance => s_context.Value;

    /// <summary>NVIDIA devices in the driver's order.</summary>
    public static IReadOnlyList<CudaDevice> CudaDevices => [.. Instance.GetCudaDevices()];

    /// <summary>OpenCL devices in the order of platforms.</summary>
    public static IReadOnlyList<CLDevice> OpenClDevices => [.. Instance.GetCLDevices()];

    static Context Create()
    {
        DriverLibraries.Use();
        return Context.Create(builder => builder
            .EnableAlgorithms()
            .Optimize(OptimizationLevel.O2)
            .Profiling()
            .Cuda()
            .OpenCL(AllowGenericAddresses));
    }

    // ILGPU leaves out devices that do not report the generic address space; PoCL and several drivers have it without saying so.
    static bool AllowGenericAddresses(CLDevice device)
    {
        var property = typeof(CLCapabilityContext).GetProperty(nameof(CLCapabilityContext.GenericAddressSpace), BindingFlags.Public | BindingFlags.Instance)
            ?? throw new MissingMemberException(nameof(CLCapabilityContext), nameof(CLCapabilityContext.GenericAddressSpace));
        property.SetValue(device.Capabilities, true);
        return true;
    }
}
