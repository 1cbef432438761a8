using System.Reflection;
using ILGPU.Runtime;

namespace Engine.Kernels.Gpu;

/// <summary>A kernel for CUDA alone, and what a launch of it needs.</summary>
/// <remarks>
/// How the tier is built: <see cref="Asm"/> and <see cref="TensorCore"/> wrap instructions; <see cref="TileProduct"/> is the one product
/// kernel, put together from a tile (<see cref="ITile{TSelf}"/>), a kind of mma, two operands (<see cref="IOperand{TSelf}"/>: where rows come
/// from and how they are converted), a layout and an end (<see cref="IEnd{TSelf}"/>); operations add their own kernels in their folders.
/// Parameters are device addresses, numbers and plain structs of them. Host code launches through <see cref="ICudaQueue"/>, so that a stream
/// and the tests' interpreter run the same code. A new kernel goes into <see cref="CudaKernels.All"/>, from where the tests assemble it.
/// </remarks>
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
