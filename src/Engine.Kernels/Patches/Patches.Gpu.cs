using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One thread per value; threads beside one another share a row of the latent.</content>
public static partial class Patches
{
    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, GridShape, RowBlocks>> s_move =
        new(typeof(Patches), nameof(ValuePerThread), RowBlocks.GroupSize);

    static void GpuGather(Device device, Tensor latent, Tensor rows, (int T, int H, int W) patch) =>
        GpuMove(device, latent, rows, patch, scatter: 0);

    static void GpuScatter(Device device, Tensor latent, Tensor rows, (int T, int H, int W) patch) =>
        GpuMove(device, latent, rows, patch, scatter: 1);

    static void GpuMove(Device device, Tensor latent, Tensor rows, (int T, int H, int W) patch, int scatter)
    {
        if (latent.Count > 0)
        {
            var gpu = (GpuDevice)device;
            var grid = new Grid(latent, patch);
            var shape = new GridShape
            {
                Channels = grid.C,
                Frames = grid.T,
                Height = grid.H,
                PatchT = patch.T,
                PatchH = patch.H,
                PatchW = patch.W,
                Tall = grid.Tall,
                Wide = grid.Wide,
                Scatter = scatter,
            };
            var lines = new RowBlocks(grid.W);
            s_move.On(gpu)(gpu.Stream, lines.Config(checked(grid.C * grid.T * grid.H)), gpu.View(latent), gpu.View(rows), shape, lines);
        }
    }

    static void ValuePerThread(ArrayView<float> latent, ArrayView<float> rows, GridShape grid, RowBlocks lines)
    {
        int column = lines.Column;
        if (column >= lines.Columns)
        {
            return;
        }

        int line = lines.Row;
        int y = line % grid.Height;
        int t = line / grid.Height % grid.Frames;
        int c = line / grid.Height / grid.Frames;
        long row = ((((long)(t / grid.PatchT) * grid.Tall) + (y / grid.PatchH)) * grid.Wide) + (column / grid.PatchW);
        int values = grid.PatchT * grid.PatchH * grid.PatchW;
        int inside = ((((t % grid.PatchT) * grid.PatchH) + (y % grid.PatchH)) * grid.PatchW) + (column % grid.PatchW);
        long first = row * values * grid.Channels;
        long at = ((long)line * lines.Columns) + column;
        if (grid.Scatter != 0)
        {
            latent[at] = rows[first + ((long)inside * grid.Channels) + c];
        }
        else
        {
            rows[first + ((long)c * values) + inside] = latent[at];
        }
    }

    /// <summary>Extents of the latent, of a patch and of the grid of patches, as the kernel takes them.</summary>
    struct GridShape
    {
        public int Channels;
        public int Frames;
        public int Height;
        public int PatchT;
        public int PatchH;
        public int PatchW;
        public int Tall;
        public int Wide;
        public int Scatter;
    }
}
