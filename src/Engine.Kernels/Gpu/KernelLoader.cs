using System.Reflection;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Engine.Kernels.Gpu;

/// <summary>Compiles kernels, mends the text that ILGPU 1.5.3 makes, and hands it to the driver.</summary>
static class KernelLoader
{
    /// <summary>Compiles and loads a kernel.</summary>
    public static Kernel Load(Accelerator accelerator, GpuKernel kernel) => Load(accelerator, kernel.Method, kernel.Specialization);

    /// <summary>Compiles and loads a method as a kernel.</summary>
    public static Kernel Load(Accelerator accelerator, MethodInfo method, KernelSpecialization specialization) =>
        accelerator.LoadKernel(Compile(BackendOf(accelerator), method, specialization));

    /// <summary>The mended text of a kernel for a device: PTX or OpenCL C.</summary>
    public static string Source(Accelerator accelerator, GpuKernel kernel) =>
        Text(Compile(BackendOf(accelerator), kernel.Method, kernel.Specialization));

    static Backend BackendOf(Accelerator accelerator) => accelerator switch
    {
        CudaAccelerator cuda => cuda.Backend,
        CLAccelerator cl => cl.Backend,
        _ => throw new NotSupportedException($"Kernels are not compiled for {accelerator.Name}."),
    };

    static CompiledKernel Compile(Backend backend, MethodInfo method, KernelSpecialization specialization)
    {
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(method);
        var compiled = backend.Compile(entry, specialization);
        switch (compiled)
        {
            case PTXCompiledKernel ptx:
                Replace(ptx, nameof(PTXCompiledKernel.PTXAssembly), PtxPatch.Apply(ptx.PTXAssembly));
                break;
            case CLCompiledKernel cl:
                Replace(cl, nameof(CLCompiledKernel.Source), OpenClPatch.Apply(cl.Source));
                break;
        }

        return compiled;
    }

    static string Text(CompiledKernel compiled) => compiled switch
    {
        PTXCompiledKernel ptx => ptx.PTXAssembly,
        CLCompiledKernel cl => cl.Source,
        _ => throw new NotSupportedException($"A kernel of {compiled.GetType().Name} has no text."),
    };

    static void Replace(CompiledKernel compiled, string property, string value)
    {
        var field = compiled.GetType().GetField($"<{property}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)
            ?? throw new MissingFieldException(compiled.GetType().Name, property);
        field.SetValue(compiled, value);
    }
}
