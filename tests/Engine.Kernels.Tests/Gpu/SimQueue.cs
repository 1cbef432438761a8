using Engine.Kernels.Gpu;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>Runs launches of CUDA kernels on <see cref="PtxSim"/>.</summary>
sealed unsafe class SimQueue(SimMemory memory, CopyTiming timing, int multiprocessors = 4) : ICudaQueue
{
    static readonly Dictionary<CudaKernel, string> s_text = [];

    public int Multiprocessors { get; } = multiprocessors;

    /// <summary>Changes the text of kernels before they run; for proof that the checks have teeth.</summary>
    public Func<CudaKernel, string, string>? Mutate { get; init; }

    /// <summary>Names of the kernels that ran.</summary>
    public List<string> Ran { get; } = [];

    /// <summary>PTX of a kernel, compiled once.</summary>
    public static string Text(CudaKernel kernel)
    {
        lock (s_text)
        {
            if (!s_text.TryGetValue(kernel, out string? ptx))
            {
                using var compiler = new OfflinePtx();
                s_text[kernel] = ptx = compiler.Compile(kernel.Method, kernel.Specialization);
            }

            return ptx;
        }
    }

    public void Launch(CudaKernel kernel, int gridX, int gridY, void** arguments)
    {
        string ptx = Text(kernel);
        Ran.Add(kernel.Name);
        PtxSim.Run(Mutate is null ? ptx : Mutate(kernel, ptx), memory, (gridX, gridY), kernel.Threads, kernel.SharedBytes, timing, arguments);
    }
}
