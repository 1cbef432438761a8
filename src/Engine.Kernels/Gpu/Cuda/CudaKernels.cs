namespace Engine.Kernels.Gpu;

/// <summary>Every kernel of the CUDA tier; tests and the table of resources go through it.</summary>
static class CudaKernels
{
    public static IEnumerable<CudaKernel> All => [PackRows.Bf16, PackRows.F16, .. CudaLinearKernels.All, .. CudaAttention.All, .. CudaConvolution.All];
}
