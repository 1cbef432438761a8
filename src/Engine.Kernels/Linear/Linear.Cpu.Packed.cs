using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <content>Blocks of the weights are widened and transposed into panels on the stack, then met by all rows.</content>
/// <remarks>
/// A part owns a block of outputs and a range of rows. For each block of inputs it packs the weights once (they fit the
/// second-level cache), then runs through its rows; partial sums wait in y itself wherever that is possible.
/// </remarks>
public static unsafe partial class Linear
{
    // Inputs per block. A panel of 512 x 16 floats (AVX2) is 32 KiB and comes from the second-level cache without loss; y is then
    // visited three times for 1536 inputs. 384 was 3 to 10 % slower, 256 no better (perf/records/cpu.md).
    const int DepthBlock = 512;

    // Outputs per block: 512 x 128 floats packed are 256 KiB, small enough for the stack and the second-level cache.
    const int OutputBlock = 128;

    // Rows of x that meet all panels of a block before the next rows come.
    const int RowBlock = 96;

    // Rows per part at least: packing is then below 2 % of the work.
    const int LeastRows = 480;

    // Parts wanted, so that up to eight threads end at about the same time.
    const int WantedParts = 32;

    // Less work than this is done before another thread has woken up to help.
    const double LeastFlops = 5e5;

    internal static bool NeedsPartials(int inputs, Activation activation, LinearOutput output) =>
        inputs > DepthBlock && output != LinearOutput.Store
        && (activation != Activation.None || output == LinearOutput.Multiply);

    static void CpuPacked(Device device, in LinearCall call)
    {
        var cpu = (CpuDevice)device;
        int m = call.X.Rows;
        int n = call.W.Rows;
        int k = call.W.Columns;
        int width = TileKernel.Columns(cpu.Isa);
        int panels = (n + width - 1) / width;
        int panelsPerBlock = OutputBlock / width;
        int blocks = (panels + panelsPerBlock - 1) / panelsPerBlock;
        double flops = 2.0 * m * n * k;
        int rowParts = Math.Clamp(m / LeastRows, 1, Math.Max(1, WantedParts / blocks));
        var job = new PackedJob
        {
            On = new CpuOperands(cpu, call),
            Panels = panels,
            ColumnParts = blocks,
            RowParts = rowParts,
        };
        int parts = blocks * rowParts;
        if (flops < LeastFlops)
        {
            for (int part = 0; part < parts; part++)
            {
                job.Run(part);
            }

            return;
        }

        cpu.Pool.Run(parts, ref job);
    }

    struct PackedJob : IPartitioned
    {
        public CpuOperands On;
        public int Panels;
        public int ColumnParts;
        public int RowParts;

        [SkipLocalsInit]
        public readonly void Run(int part)
        {
            int column = part / RowParts;
            int row = part % RowParts;
            int width = TileKernel.Columns(On.Isa);
            int height = TileKernel.Rows(On.Isa);
            int firstPanel = (int)((long)Panels * column / ColumnParts);
            int lastPanel = (int)((long)Panels * (column + 1) / ColumnParts);
            int firstRow = CutRows(row, height);
            int lastRow = CutRows(row + 1, height);

            byte* memory = stackalloc byte[((DepthBlock * OutputBlock) + TileKernel.LargestTile + (DepthBlock * TileKernel.WidestPanel)) * sizeof(float) + 64];
            float* packed = Storage.Align(memory);
            float* tile = packed + (DepthBlock * OutputBlock);
            float* widened = tile + TileKernel.LargestTile;

            int depthBlocks = Math.Max(1, (On.K + DepthBlock - 1) / DepthBlock);
            for (int block = 0; block < depthBlocks; block++)
            {
                int k0 = (int)((long)On.K * block / depthBlocks);
                int depth = (int)((long)On.K * (block + 1) / depthBlocks) - k0;
                for (int p = firstPanel; p < lastPanel; p++)
                {
                    On.Pack(p * width, Math.Min(width, On.N - (p * width)), k0, depth, widened, packed + ((p - firstPanel) * depth * width), width);
                }

                for (int chunk = firstRow; chunk < lastRow; chunk += RowBlock)
                {
                    int chunkEnd = Math.Min(chunk + RowBlock, lastRow);
                    for (int p = firstPanel; p < lastPanel; p++)
                    {
                        float* panel = packed + ((p - firstPanel) * depth * width);
                        for (int m = chunk; m < chunkEnd; m += height)
                        {
                            int rows = Math.Min(height, chunkEnd - m);
                            On.Expect(m, rows, p * width, width);
                            bool first = block == 0;
                            bool last = block == depthBlocks - 1;
                            bool direct = rows == height && (p + 1) * width <= On.N && On.IsPartial(last);
                            TileKernel.Run(
                                On.Isa, rows, depth, On.X + ((long)m * On.K) + k0, On.K, panel,
                                direct ? On.Target(m, p * width, first) : TileTarget.Store(tile, width));
                            if (!direct)
                            {
                                On.Finish(tile, m, rows, p * width, width, first, last);
                            }
                        }
                    }
                }
            }
        }

        // Whole tiles per part, so that only the last part has a ragged one.
        readonly int CutRows(int part, int height)
        {
            int tiles = (On.M + height - 1) / height;
            return Math.Min(On.M, (int)((long)tiles * part / RowParts) * height);
        }
    }
}
