using System.Reflection;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Engine.Kernels.Gpu;

/// <summary>Compiles kernels to mended PTX on any machine: no GPU, driver or CUDA toolkit is needed.</summary>
/// <remarks>
/// PTX version 7.8 is the highest that CUDA 11.8, and every toolkit since, assembles. ILGPU writes <c>.target sm_80</c> for all later
/// chips too; drivers compile that for the chip at hand. A kernel that fails to compile spoils the context for all after it, so that
/// the failing call throws and the instance must not be used again.
/// </remarks>
sealed class OfflinePtx : IDisposable
{
    readonly Context _context;
    readonly PTXBackend _backend;

    /// <summary>Makes a compiler for one chip.</summary>
    /// <param name="major">Compute capability, first number: 8 for sm_80 and sm_89, 9 for sm_90.</param>
    /// <param name="minor">Compute capability, second number.</param>
    public OfflinePtx(int major = 8, int minor = 0)
    {
        _context = Context.Create(builder => builder.EnableAlgorithms().Optimize(OptimizationLevel.O2));
        var architecture = new CudaArchitecture(major, minor);
        _backend = new PTXBackend(_context, new CudaCapabilityContext(architecture), architecture, CudaInstructionSet.ISA_78, null);
    }

    /// <summary>The mended PTX of an explicitly grouped kernel.</summary>
    /// <param name="kernel">A static method; generic ones closed.</param>
    /// <param name="specialization">Group size and groups per multiprocessor that the compiler may count on.</param>
    /// <param name="target">Value of <c>.target</c>, or null for ILGPU's.</param>
    public string Compile(MethodInfo kernel, KernelSpecialization specialization = default, string? target = null)
    {
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(kernel);
        var compiled = (PTXCompiledKernel)_backend.Compile(entry, specialization);
        return PtxPatch.Apply(compiled.PTXAssembly, target);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _backend.Dispose();
        _context.Dispose();
    }
}
