namespace Engine.Kernels.Gpu;

/// <summary>How one <see cref="Linear"/> runs on tensor cores: kernels, grids and scratch memory.</summary>
/// <param name="Product">The kernel of the product.</param>
/// <param name="Type">Stored type of the weights.</param>
/// <param name="Rows">M.</param>
/// <param name="Outputs">N.</param>
/// <param name="Inputs">K.</param>
/// <param name="GridX">Tiles.</param>
/// <param name="Splits">Shares that k is cut into, so that few tiles still fill the device; 1 for none.</param>
/// <param name="Passes">Products of parts that are added: 1 in reduced precision, 2 or 3 otherwise.</param>
readonly record struct CudaLinearPlan(CudaKernel Product, DType Type, int Rows, int Outputs, int Inputs, int GridX, int Splits, int Passes)
{
    /// <summary>K rounded up to whole stages.</summary>
    public int PaddedInputs => (Inputs + Tiles.Depth - 1) / Tiles.Depth * Tiles.Depth;

    /// <summary>Parts of x: 2 unless precision is reduced.</summary>
    public int Parts => Math.Min(Passes, 2);

    /// <summary>True when the tensor cores multiply f16 (rows of x are scaled), false for bf16.</summary>
    public bool IsHalf => Type is not (DType.BF16 or DType.F32);

    /// <summary>Bytes of one part of the packed x.</summary>
    public long PartBytes => (long)Rows * PaddedInputs * 2;

    /// <summary>Bytes of the packed x, its scales and the partial sums, each from a multiple of 256 on.</summary>
    public long ScratchBytes => PartialOffset + (Splits > 1 ? 4L * Splits * Rows * Outputs : 0);

    internal long ScaleOffset => Aligned(PartBytes * Parts);

    internal long PartialOffset => ScaleOffset + (IsHalf ? Aligned(4L * Rows) : 0);

    static long Aligned(long bytes) => (bytes + 255) / 256 * 256;
}

/// <summary><see cref="Linear"/> on a CUDA device's tensor cores.</summary>
/// <remarks>
/// Errors, as a share of the root of the sum of squared terms. Reduced: 2e-3 (x rounded to bf16; weights in f32 as well), 2.5e-4 (x rounded
/// to f16, for weights in f16, fp8 and q8_0). Otherwise x goes in two parts, and weights that 16 bits don't hold too: 1e-5 (bf16 parts),
/// 1e-6 (f16 parts).
/// </remarks>
static class CudaLinear
{
    // Groups per multiprocessor that are worth the largest tile.
    const int LargeTileRows = 512;
    const int LargeTileColumns = 512;
    const int MostSplits = 32;

    // Rows that are packed at a time: many more than fill a device, yet 13,824 inputs in two parts stay below 1 GB.
    const int MostRows = 16384;

    // Stages that a share of k should have at least, so that its pipeline fills.
    const int LeastStages = 8;

    /// <summary>True when rows of the weights can be read in whole 16-byte pieces.</summary>
    public static bool Supports(DType type, int inputs) => type switch
    {
        DType.BF16 or DType.F16 => inputs % 8 == 0,
        DType.F32 => inputs % 4 == 0,
        DType.F8E4M3 or DType.F8E5M2 => inputs % 16 == 0,
        DType.Q8_0 => true,
        _ => false,
    };

    /// <summary>Chooses kernels and grids.</summary>
    /// <param name="type">Stored type of the weights.</param>
    /// <param name="rows">M.</param>
    /// <param name="outputs">N.</param>
    /// <param name="inputs">K.</param>
    /// <param name="precise">True for f32-like results, false for reduced precision.</param>
    /// <param name="multiprocessors">Multiprocessors of the device.</param>
    public static CudaLinearPlan Plan(DType type, int rows, int outputs, int inputs, bool precise, int multiprocessors)
    {
        int passes = !precise ? 1 : type is DType.F32 or DType.Q8_0 ? 3 : 2;
        int stages = ((inputs + Tiles.Depth - 1) / Tiles.Depth) * passes;

        // The largest tile that still gives every multiprocessor work; what is copied as it is has one of 128 x 256.
        if (type is DType.BF16 or DType.F16 && rows >= LargeTileRows && outputs >= LargeTileColumns
            && Count(rows, 128) * Count(outputs, 256) >= multiprocessors)
        {
            var large = type == DType.BF16 ? CudaLinearKernels.Bf16Large : CudaLinearKernels.F16Large;
            return new CudaLinearPlan(large, type, rows, outputs, inputs, Count(rows, 128) * Count(outputs, 256), 1, passes);
        }

        int medium = Count(rows, 128) * Count(outputs, 128);
        if (medium >= multiprocessors)
        {
            return new CudaLinearPlan(CudaLinearKernels.Medium[type], type, rows, outputs, inputs, medium, 1, passes);
        }

        int small = Count(rows, 64) * Count(outputs, 64);
        int splits = Math.Clamp(Math.Min(2 * multiprocessors / small, stages / LeastStages), 1, MostSplits);
        return new CudaLinearPlan(CudaLinearKernels.Small[type], type, rows, outputs, inputs, small, splits, passes);
    }

    /// <summary>Bytes of scratch memory that <see cref="Run"/> takes; parameters as for <see cref="Plan"/>.</summary>
    public static long ScratchBytes(DType type, int rows, int outputs, int inputs, bool precise, int multiprocessors, int mostRows = MostRows)
    {
        long whole = Plan(type, Math.Min(rows, mostRows), outputs, inputs, precise, multiprocessors).ScratchBytes;
        int rest = rows % mostRows;
        return rows <= mostRows || rest == 0 ? whole : Math.Max(whole, Plan(type, rest, outputs, inputs, precise, multiprocessors).ScratchBytes);
    }

    /// <summary>Packs x, multiplies, and adds up the shares of k if there are several; so many rows at a time that the packed ones stay small.</summary>
    /// <param name="queue">Where the launches go.</param>
    /// <param name="type">Stored type of the weights.</param>
    /// <param name="inputs">K.</param>
    /// <param name="precise">True for f32-like results, false for reduced precision.</param>
    /// <param name="x">[M, K] f32, 16-byte aligned.</param>
    /// <param name="w">[N, K] as stored, 16-byte aligned.</param>
    /// <param name="end">What becomes of the sums; M and N are its rows and width; its row scale and partial sums are set here.</param>
    /// <param name="scratch">So many bytes as <see cref="ScratchBytes"/> says, 64-byte aligned.</param>
    /// <param name="mostRows">Rows that are packed at a time.</param>
    public static void Run(ICudaQueue queue, DType type, int inputs, bool precise, ulong x, ulong w, LinearEnd end, ulong scratch, int mostRows = MostRows)
    {
        for (int first = 0; first < end.Rows; first += mostRows)
        {
            int rows = Math.Min(mostRows, end.Rows - first);
            var part = end with
            {
                Rows = rows,
                Y = end.Y + ((ulong)first * (ulong)end.Width * 4),
                Map = end.Map == 0 ? 0 : end.Map + ((ulong)first * 4),
            };
            var plan = Plan(type, rows, end.Width, inputs, precise, queue.Multiprocessors);
            RunPlan(queue, plan, x + ((ulong)first * (ulong)inputs * 4), w, part, scratch);
        }
    }

    /// <summary>Runs a plan.</summary>
    internal static void RunPlan(ICudaQueue queue, in CudaLinearPlan plan, ulong x, ulong w, LinearEnd end, ulong scratch)
    {
        end = end with
        {
            Rows = plan.Rows,
            Width = plan.Outputs,
            Scale = plan.Type == DType.F8E4M3 ? end.Scale * E4M3Rows.Factor : end.Scale,
            RowScale = plan.IsHalf ? scratch + (ulong)plan.ScaleOffset : 0,
            Partial = plan.Splits > 1 ? scratch + (ulong)plan.PartialOffset : 0,
        };
        Pack(queue, plan, x, scratch, end.RowScale);
        var rows = new StoredRows(scratch, plan.PartBytes, plan.Rows, plan.PaddedInputs);
        var shape = new ProductShape(plan.Rows, plan.Outputs, plan.PaddedInputs / Tiles.Depth, plan.Passes);
        var (n, k) = (plan.Outputs, plan.Inputs);
        switch (plan.Type)
        {
            case DType.F32:
                queue.Launch(plan.Product, plan.GridX, plan.Splits, rows, new F32Rows(w, n, k), end, shape);
                break;
            case DType.F8E4M3:
                queue.Launch(plan.Product, plan.GridX, plan.Splits, rows, new E4M3Rows(w, n, k), end, shape);
                break;
            case DType.F8E5M2:
                queue.Launch(plan.Product, plan.GridX, plan.Splits, rows, new E5M2Rows(w, n, k), end, shape);
                break;
            case DType.Q8_0:
                queue.Launch(plan.Product, plan.GridX, plan.Splits, rows, new Q8Rows(w, n, k), end, shape);
                break;
            default:
                queue.Launch(plan.Product, plan.GridX, plan.Splits, rows, new StoredRows(w, 0, n, k), end, shape);
                break;
        }

        if (plan.Splits > 1)
        {
            LinearReduce.Launch(queue, plan.Splits, end);
        }
    }

    static void Pack(ICudaQueue queue, in CudaLinearPlan plan, ulong x, ulong packed, ulong scales)
    {
        if (plan.IsHalf)
        {
            PackRows.LaunchF16(queue, x, packed, scales, plan.Rows, plan.Inputs, plan.PaddedInputs, plan.Parts);
        }
        else
        {
            PackRows.LaunchBf16(queue, x, packed, plan.Rows, plan.Inputs, plan.PaddedInputs, plan.Parts, 1);
        }
    }

    static int Count(int extent, int tile) => (extent + tile - 1) / tile;
}
