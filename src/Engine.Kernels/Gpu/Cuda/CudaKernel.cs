using System.Reflection;
using ILGPU.Runtime;

namespace Engine.Kernels.Gpu;

/// <summary>A kernel for CUDA alone, and what a launch of it needs.</summary>
/// <param name="Name">Operation and what the kernel does, e.g. "Linear 128x256 bf16".</param>
/// <param name="Method">The method that is compiled; its parameters are those of the launch.</param>
/// <param name="Threads">Threads per group (one dimension).</param>
/// <param name="SharedBytes">Dynamic shared memory per group, bytes; above 48 KiB the function must be allowed to use it first.</param>
/// <param name="GroupsPerSm">Groups that should fit a multiprocessor at a time: limits the registers.</param>
sealed record CudaKernel(string Name, MethodInfo Method, int Threads, int SharedBytes, int GroupsPerSm = 1)
{
    /// <summary>What the compiler may count on.</summary>
    public KernelSpecialization Specialization => new(Threads, GroupsPerSm);
}
