using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <content>Blocks of the weights are widened and transposed into panels on the stack, then met by all rows.</content>
/// <remarks>
/// A part owns a block of outputs and a range of rows. For each block of inputs it packs the weights once (they fit the
/// second-level cache), then runs through its rows; partial sums wait in y itself wherever that is possible.
/// </remarks>
public static unsafe partial class Linear
{
    // Inputs per block. A panel of 256 x 32 floats is 32 KiB: it stays in the first-level cache while rows stream by.
    const int DepthBlock = 256;

    // Outputs per block: 256 x 128 floats packed are 128 KiB, small enough for the stack and the second-level cache.
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
            Isa = cpu.Isa,
            X = call.X.Pointer,
            W = call.W.Address,
            Type = call.W.Type,
            Scale = call.W.Scale,
            Bias = call.Bias.IsEmpty ? null : call.Bias.Pointer,
            Y = call.Y.Pointer,
            Partial = call.Output == LinearOutput.Store ? call.Y.Pointer : call.Partial.IsEmpty ? null : call.Partial.Pointer,
            Gate = call.Output == LinearOutput.AddGated ? call.Gate.Pointer : null,
            Map = call.Map is null ? null : call.Map.Pointer,
            Activation = call.Activation,
            Output = call.Output,
            M = m,
            N = n,
            K = k,
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
        public Isa Isa;
        public float* X;
        public byte* W;
        public DType Type;
        public float Scale;
        public float* Bias;
        public float* Y;
        public float* Partial;
        public float* Gate;
        public int* Map;
        public Activation Activation;
        public LinearOutput Output;
        public int M;
        public int N;
        public int K;
        public int Panels;
        public int ColumnParts;
        public int RowParts;

        [SkipLocalsInit]
        public readonly void Run(int part)
        {
            int column = part / RowParts;
            int row = part % RowParts;
            int width = TileKernel.Columns(Isa);
            int height = TileKernel.Rows(Isa);
            int firstPanel = (int)((long)Panels * column / ColumnParts);
            int lastPanel = (int)((long)Panels * (column + 1) / ColumnParts);
            int firstRow = CutRows(row, height);
            int lastRow = CutRows(row + 1, height);

            byte* memory = stackalloc byte[((DepthBlock * OutputBlock) + TileKernel.LargestTile + (DepthBlock * TileKernel.WidestPanel)) * sizeof(float) + 64];
            float* packed = (float*)(((nint)memory + 63) & ~63);
            float* tile = packed + (DepthBlock * OutputBlock);
            float* widened = tile + TileKernel.LargestTile;

            int depthBlocks = Math.Max(1, (K + DepthBlock - 1) / DepthBlock);
            for (int block = 0; block < depthBlocks; block++)
            {
                int k0 = (int)((long)K * block / depthBlocks);
                int depth = (int)((long)K * (block + 1) / depthBlocks) - k0;
                for (int p = firstPanel; p < lastPanel; p++)
                {
                    Pack(p * width, Math.Min(width, N - (p * width)), k0, depth, widened, packed + ((p - firstPanel) * depth * width), width);
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
                            TileKernel.Run(Isa, rows, depth, X + ((long)m * K) + k0, K, panel, tile);
                            Finish(tile, m, rows, p * width, width, block == 0, block == depthBlocks - 1);
                        }
                    }
                }
            }
        }

        // Whole tiles per part, so that only the last part has a ragged one.
        readonly int CutRows(int part, int height)
        {
            int tiles = (M + height - 1) / height;
            return Math.Min(M, (int)((long)tiles * part / RowParts) * height);
        }

        readonly void Pack(int n, int rows, int k, int depth, float* widened, float* panel, int width)
        {
            if (Type == DType.F32)
            {
                PanelPacking.Transpose((float*)W + ((long)n * K) + k, K, rows, depth, panel, width);
                return;
            }

            for (int r = 0; r < rows; r++)
            {
                Widening.Run(Type, W, ((long)(n + r) * K) + k, depth, widened + (r * depth));
            }

            PanelPacking.Transpose(widened, depth, rows, depth, panel, width);
        }

        readonly void Finish(float* tile, int m, int rows, int n, int width, bool first, bool last)
        {
            int columns = Math.Min(width, N - n);
            long at = ((long)m * N) + n;
            Epilogue.Collect(tile, width, rows, columns, Scale, first && Bias != null ? Bias + n : null, !first && Partial != null ? Partial + at : null, N);
            if (!last && Partial != null)
            {
                Epilogue.Store(tile, width, rows, columns, Partial + at, N);
                return;
            }

            ActivationMath.Apply(Activation, tile, rows * width);
            switch (Output)
            {
                case LinearOutput.Store:
                    Epilogue.Store(tile, width, rows, columns, Y + at, N);
                    break;
                case LinearOutput.Add:
                    Epilogue.Add(tile, width, rows, columns, Y + at, N);
                    break;
                case LinearOutput.Multiply:
                    Epilogue.Multiply(tile, width, rows, columns, Y + at, N);
                    break;
                default:
                    for (int r = 0; r < rows; r++)
                    {
                        long row = Map == null ? 0 : (long)Map[m + r] * N;
                        Epilogue.AddGated(tile + (r * width), columns, Gate + row + n, Y + at + ((long)r * N));
                    }

                    break;
            }
        }
    }
}
