using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <content>Large products by Strassen's seven products of half the size instead of eight.</content>
/// <remarks>
/// x, w and y are cut into quarters; seven products of sums of quarters, each added to or taken from one or two quarters of y, replace
/// eight (Strassen, Gaussian Elimination is not Optimal, 1969). The additions ride on work that is done anyway: sums of x and of w are
/// made where they are packed, sums of y where a tile leaves the registers. A band of rows and a block of inputs at a time: x is
/// packed once for all outputs, then each part packs the weights of its outputs and runs through the rows.
/// Rows meet in sums, so that a row's last bits depend on the other rows of its band; the error is two to three times that of plain
/// products (measured: perf/records/linear.md).
/// </remarks>
public static unsafe partial class Linear
{
    // From here on an eighth less work is more than what the sums cost.
    const int LeastStrassenRows = 512;
    const int LeastStrassenOutputs = 512;
    const int LeastStrassenInputs = 1024;

    static bool StrassenPays(int rows, int inputs, int outputs) =>
        rows >= LeastStrassenRows && outputs >= LeastStrassenOutputs && inputs >= LeastStrassenInputs && inputs % StrassenShape.InputStep == 0;

    /// <summary>Floats that the packed operands take.</summary>
    internal static long StrassenScratch(Device device, int rows, int inputs, int outputs)
    {
        int threads = ScratchSlots.ThreadsOf(device);
        var shape = new StrassenShape(rows, inputs, outputs, StrassenShape.TallestTile, threads);
        return shape.PackedRows + ((long)threads * StrassenShape.PackedWeights);
    }

    static void CpuStrassen(Device device, in LinearCall call)
    {
        var cpu = (CpuDevice)device;
        int threads = cpu.Pool.Threads;
        var shape = new StrassenShape(call.X.Rows, call.W.Columns, call.W.Rows, TileKernel.Rows(cpu.Isa), threads);
        float* memory = call.Packed.Pointer;
        int* taken = stackalloc int[threads];
        var job = new StrassenJob
        {
            On = new CpuOperands(cpu, call),
            Shape = shape,
            PackedRows = memory,
            Slots = ScratchSlots.Over((byte*)(memory + shape.PackedRows), taken, StrassenShape.PackedWeights * sizeof(float), threads),
        };
        for (int band = 0; band < shape.Bands; band++)
        {
            for (int block = 0; block < shape.Blocks; block++)
            {
                job.Choose(band, block);
                var rows = new StrassenRows { Of = job };
                cpu.Pool.Run(rows.Parts, ref rows);
                cpu.Pool.Run(job.Parts, ref job);
            }
        }
    }

    /// <summary>Packs the seven sums of quarters of x, tile by tile: [product][tile][depth, rows of a tile].</summary>
    struct StrassenRows : IPartitioned
    {
        const int TilesPerPart = 8;

        public StrassenJob Of;

        public readonly int Parts => (Of.TilesDown + TilesPerPart - 1) / TilesPerPart;

        [SkipLocalsInit]
        public readonly void Run(int part)
        {
            int size = Of.Height * Of.Depth;
            byte* memory = stackalloc byte[(2 * StrassenShape.MostDepth * StrassenShape.TallestTile * sizeof(float)) + 64];
            float* x12 = Storage.Align(memory);
            float* x21 = x12 + size;
            for (int tile = part * TilesPerPart; tile < Math.Min((part + 1) * TilesPerPart, Of.TilesDown); tile++)
            {
                float* x11 = Of.RowTile(2, tile);
                float* x22 = Of.RowTile(4, tile);
                int top = tile * Of.Height;
                int bottom = Of.HalfRows + top;
                Pack(top, 0, x11);
                Pack(top, Of.On.K / 2, x12);
                Pack(bottom, 0, x21);
                Pack(bottom, Of.On.K / 2, x22);
                StrassenPanels.Add(x11, x22, Of.RowTile(0, tile), size);
                StrassenPanels.Add(x21, x22, Of.RowTile(1, tile), size);
                StrassenPanels.Subtract(x21, x11, Of.RowTile(3, tile), size);
                StrassenPanels.Add(x11, x12, Of.RowTile(5, tile), size);
                StrassenPanels.Subtract(x12, x22, Of.RowTile(6, tile), size);
            }
        }

        readonly void Pack(int row, int k, float* to)
        {
            int rows = Math.Clamp(Of.Rows - row, 0, Of.Height);
            float* from = rows == 0 ? Of.On.X : Of.On.X + ((long)(Of.FirstRow + row) * Of.On.K) + Of.FirstInput + k;
            PanelPacking.Transpose(from, Of.On.K, rows, Of.Depth, to, Of.Height);
        }
    }
}
