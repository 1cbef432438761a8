namespace Engine.Kernels.Gpu;

/// <summary>Where launches of CUDA kernels go, in order: a device's stream, or a simulator.</summary>
unsafe interface ICudaQueue
{
    /// <summary>Multiprocessors of the device; decides tiles and splits.</summary>
    int Multiprocessors { get; }

    /// <summary>Starts a kernel once all before it are done.</summary>
    /// <param name="kernel">The kernel; its shared memory and threads are part of it.</param>
    /// <param name="gridX">Groups in x.</param>
    /// <param name="gridY">Groups in y, at most 65,535.</param>
    /// <param name="arguments">Address of each argument, in the order of the method's parameters; read during the call.</param>
    void Launch(CudaKernel kernel, int gridX, int gridY, void** arguments);
}

/// <summary>Launches with typed arguments, which must be the types of the kernel's parameters. Nothing is allocated.</summary>
static unsafe class CudaLaunch
{
    /// <summary>Launches a kernel of one parameter.</summary>
    public static void Launch<T>(this ICudaQueue queue, CudaKernel kernel, int gridX, int gridY, T a)
        where T : unmanaged
    {
        void** arguments = stackalloc void*[] { &a };
        queue.Launch(kernel, gridX, gridY, arguments);
    }

    /// <summary>Launches a kernel of two parameters.</summary>
    public static void Launch<T1, T2>(this ICudaQueue queue, CudaKernel kernel, int gridX, int gridY, T1 a, T2 b)
        where T1 : unmanaged
        where T2 : unmanaged
    {
        void** arguments = stackalloc void*[] { &a, &b };
        queue.Launch(kernel, gridX, gridY, arguments);
    }

    /// <summary>Launches a kernel of four parameters.</summary>
    public static void Launch<T1, T2, T3, T4>(this ICudaQueue queue, CudaKernel kernel, int gridX, int gridY, T1 a, T2 b, T3 c, T4 d)
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
    {
        void** arguments = stackalloc void*[] { &a, &b, &c, &d };
        queue.Launch(kernel, gridX, gridY, arguments);
    }

    /// <summary>Launches a kernel of seven parameters.</summary>
    public static void Launch<T1, T2, T3, T4, T5, T6, T7>(
        this ICudaQueue queue, CudaKernel kernel, int gridX, int gridY, T1 a, T2 b, T3 c, T4 d, T5 e, T6 f, T7 g)
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged
        where T6 : unmanaged
        where T7 : unmanaged
    {
        void** arguments = stackalloc void*[] { &a, &b, &c, &d, &e, &f, &g };
        queue.Launch(kernel, gridX, gridY, arguments);
    }
}
