using System.Reflection;
using ILGPU;

namespace Engine.Kernels.Gpu;

/// <summary>Adds the sums of all shares of k in their order, and ends them as <see cref="LinearEnd"/> does.</summary>
/// <remarks>Grid: (blocks of 4 x <see cref="Threads"/> columns of every row, 1, 1).</remarks>
static class LinearReduce
{
    public const int Threads = 128;

    public static readonly CudaKernel Kernel = new(
        "Linear reduce", typeof(LinearReduce).GetMethod(nameof(Run), BindingFlags.Static | BindingFlags.NonPublic)!, Threads, 0);

    /// <summary>Starts the kernel.</summary>
    public static void Launch(ICudaQueue queue, int splits, LinearEnd end) => queue.Launch(Kernel, Blocks(end.Width) * end.Rows, 1, splits, end);

    static int Blocks(int width) => (width + (4 * Threads) - 1) / (4 * Threads);

    internal static void Run(int splits, LinearEnd end)
    {
        int blocks = Blocks(end.Width);
        int row = Grid.IdxX / blocks;
        int column = (((Grid.IdxX % blocks) * Threads) + Group.IdxX) * 4;
        F32x4 v = default;
        for (int s = 0; s < splits; s++)
        {
            ulong slab = end.Partial + ((ulong)s * (ulong)((long)end.Rows * end.Width * 4));
            var part = RowAccess.Load(slab, row, column, end.Width, true);
            v.X += part.X;
            v.Y += part.Y;
            v.Z += part.Z;
            v.W += part.W;
        }

        LinearEnd.End(end, row, column, v, LinearEnd.Columns(end, column));
    }
}
