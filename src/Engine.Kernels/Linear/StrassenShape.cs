namespace Engine.Kernels;

/// <summary>How a product of [rows, inputs] and [outputs, inputs] is cut for Strassen's method. What is summed with what depends on the sizes alone; parts depend on the threads, too.</summary>
/// <param name="rows">Rows of x.</param>
/// <param name="inputs">Columns of x and of the weights, a multiple of <see cref="InputStep"/>.</param>
/// <param name="outputs">Rows of the weights.</param>
/// <param name="height">Rows of a tile.</param>
/// <param name="threads">Threads that share the parts.</param>
readonly struct StrassenShape(int rows, int inputs, int outputs, int height, int threads)
{
    /// <summary>What the number of inputs must be a multiple of.</summary>
    public const int InputStep = 2 * DepthStep;

    /// <summary>Inputs of each half that are multiplied at a time, at most (perf/records/linear.md).</summary>
    public const int MostDepth = 768;

    /// <summary>Floats of the packed weights of one part: four quarters, and the sum in use, which stays in the second-level cache.</summary>
    public const int PackedWeights = 5 * MostDepth * MostOutputs;

    /// <summary>Rows of the tallest tile.</summary>
    public const int TallestTile = 12;

    // Outputs of each half that a part owns.
    const int MostOutputs = 192;
    const int FewestOutputs = 64;

    // What every tile's width divides.
    const int ColumnStep = 32;

    // Blocks of inputs are cut here, so that their rows begin with whole vectors.
    const int DepthStep = 2 * PackedTile.DepthStep;

    // Rows that are packed together at most: their sums take up to 17 MB.
    const int MostRows = 1536;

    // Parts wanted for each thread, so that all end at about the same time.
    const int PartsPerThread = 4;

    // Rows of each half that a part has at least: the packing of its weights is then a small share of its work.
    const int FewestRows = 240;

    /// <summary>Bands of rows.</summary>
    public int Bands => (rows + MostRows - 1) / MostRows;

    /// <summary>Blocks of inputs of each half.</summary>
    public int Blocks => ((inputs / 2) + MostDepth - 1) / MostDepth;

    /// <summary>Outputs of the left half, those of the right one padded to as many.</summary>
    public int HalfOutputs => (((outputs + 1) / 2) + ColumnStep - 1) / ColumnStep * ColumnStep;

    /// <summary>Outputs of each half that a part owns.</summary>
    public int OutputBlock
    {
        get
        {
            int block = MostOutputs;
            while (block > FewestOutputs && (HalfOutputs + block - 1) / block < PartsPerThread * threads)
            {
                block -= ColumnStep;
            }

            return block;
        }
    }

    /// <summary>Parts that the outputs are shared out to.</summary>
    public int ColumnParts => (HalfOutputs + OutputBlock - 1) / OutputBlock;

    /// <summary>Floats that the seven sums of a band's quarters of x take.</summary>
    public long PackedRows => 7L * Half((rows + Bands - 1) / Bands) * Math.Min(MostDepth, inputs / 2);

    /// <summary>Rows of the upper half of a band, those of the lower one padded to as many: whole tiles.</summary>
    public int Half(int bandRows) => (((bandRows + 1) / 2) + height - 1) / height * height;

    /// <summary>Parts that the rows of a band are shared out to; each packs the weights again.</summary>
    public int RowParts(int bandRows) =>
        Math.Clamp(((PartsPerThread * threads) + ColumnParts - 1) / ColumnParts, 1, Math.Max(1, Half(bandRows) / FewestRows));

    /// <summary>First row of a band and its length.</summary>
    public (int First, int Count) Band(int band) => Cut(band, Bands, rows, 1);

    /// <summary>First input of a block, within each half, and its length.</summary>
    public (int First, int Count) Block(int block) => Cut(block, Blocks, inputs / 2, DepthStep);

    static (int First, int Count) Cut(int part, int parts, int length, int step)
    {
        int first = (int)((long)(length / step) * part / parts) * step;
        int last = (int)((long)(length / step) * (part + 1) / parts) * step;
        return (first, last - first);
    }
}
