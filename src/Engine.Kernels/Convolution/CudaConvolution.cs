namespace Engine.Kernels.Gpu;

/// <summary>One frame as the kernels take it.</summary>
/// <param name="Address">First value of the memory, border included; 0 for a frame of zeros.</param>
/// <param name="Pitch">Pixels of a row, border included.</param>
/// <param name="Border">0 or 1.</param>
readonly record struct CudaPlane(ulong Address, int Pitch, int Border)
{
    /// <summary>Address of a pixel's first value; row and column -1 are the border.</summary>
    public ulong At(int row, int column, int channels) =>
        Address + (ulong)((((long)(row + Border) * Pitch) + column + Border) * channels * sizeof(float));
}

/// <summary><see cref="Convolution"/> on a CUDA device's tensor cores: an implicit matrix product over taps and channels.</summary>
/// <remarks>
/// Error relative to the largest value: 5e-3 in reduced precision (pixels and weights rounded to bf16), else 2e-5 (two bf16 parts of both,
/// three products). Channels in whole 32s fill the tensor cores; others are padded with zeros as they are loaded.
/// </remarks>
static class CudaConvolution
{
    public static readonly CudaKernel Medium =
        TileProduct.Kernel<Tile128, MmaBf16, ConvPixels, ConvPanels, PanelLayout, ConvEnd>("Convolution 128x128 bf16", groupsPerSm: 1);

    public static readonly CudaKernel Small =
        TileProduct.Kernel<Tile64, MmaBf16, ConvPixels, ConvPanels, PanelLayout, ConvEnd>("Convolution 64x64 bf16");

    /// <summary>Every one.</summary>
    public static IEnumerable<CudaKernel> All => [Medium, Small];

    /// <summary>Runs a convolution; the enlarging kind takes four launches, one per place in the block of outputs.</summary>
    /// <param name="queue">Where the launches go.</param>
    /// <param name="kind">What the convolution does.</param>
    /// <param name="height">Rows of the input frame.</param>
    /// <param name="width">Columns of the input frame.</param>
    /// <param name="inputs">C.</param>
    /// <param name="outputs">N.</param>
    /// <param name="current">The present frame.</param>
    /// <param name="previous">The frame before, or default for zeros.</param>
    /// <param name="oldest">The frame before that, or default for zeros.</param>
    /// <param name="weights">Packed weights, as <see cref="ConvWeight"/> lays them out.</param>
    /// <param name="bias">Bias, padded to whole panels.</param>
    /// <param name="y">Output frame.</param>
    /// <param name="residual">Added to the result, or default for nothing.</param>
    /// <param name="aligned">True when every frame begins at a multiple of 16 bytes.</param>
    /// <param name="precise">True for f32-like results, false for reduced precision.</param>
    public static void Run(
        ICudaQueue queue, ConvKind kind, int height, int width, int inputs, int outputs,
        CudaPlane current, CudaPlane previous, CudaPlane oldest, ulong weights, ulong bias, CudaPlane y, CudaPlane residual, bool aligned, bool precise)
    {
        bool doubles = kind == ConvKind.Double;
        int step = kind == ConvKind.Halve ? 2 : 1;
        int first = doubles || kind == ConvKind.Causal ? -1 : 0;
        int side = kind switch { ConvKind.Double => 2, ConvKind.Causal or ConvKind.Halve => 3, _ => 1 };
        int frames = kind.Frames();
        int skipped = frames == 1 ? 0 : previous.Address == 0 ? 2 : oldest.Address == 0 ? 1 : 0;
        int columns = width / step;
        int pixels = height / step * columns;
        int taps = frames * side * side;
        int panels = ConvWeight.PanelsFor(outputs);
        int stages = (frames - skipped) * side * side * ((inputs + Tiles.Depth - 1) / Tiles.Depth);
        var shape = new ProductShape(pixels, outputs, stages, precise ? 3 : 1);
        long medium = Count(pixels, 128) * (long)Count(outputs, 128);
        bool small = outputs <= 64 || medium < queue.Multiprocessors;
        var kernel = small ? Small : Medium;
        int tiles = small ? Count(pixels, 64) * Count(outputs, 64) : (int)medium;
        for (int phase = 0; phase < (doubles ? 4 : 1); phase++)
        {
            int row = first + (phase >> 1);
            int column = first + (phase & 1);
            var x = new ConvPixels
            {
                Current = current.At(row, column, inputs),
                Previous = skipped < 2 ? previous.At(row, column, inputs) : 0,
                Oldest = skipped < 1 ? oldest.At(row, column, inputs) : 0,
                Pixels = pixels,
                Width = columns,
                PixelBytes = step * inputs * sizeof(float),
                RowBytes = step * current.Pitch * inputs * sizeof(float),
                Channels = inputs,
                PitchBytes = current.Pitch * inputs * sizeof(float),
                FirstFrame = 3 - frames + skipped,
                Side = side,
                Aligned = aligned && inputs % 4 == 0 ? 1 : 0,
            };
            ulong from = weights + (ulong)((((long)phase * panels * taps) + (skipped * side * side)) * inputs * ConvWeight.PanelWidth * sizeof(float));
            var w = new ConvPanels(from, panels, taps * inputs, inputs);
            var end = new ConvEnd
            {
                Bias = bias,
                Y = y.At(phase >> 1, phase & 1, outputs),
                Residual = residual.Address == 0 ? 0 : residual.At(phase >> 1, phase & 1, outputs),
                Pixels = pixels,
                Width = columns,
                Outputs = outputs,
                Spread = doubles ? 2 : 1,
                Pitch = y.Pitch,
                ResidualPitch = residual.Pitch,
            };
            queue.Launch(kernel, tiles, 1, x, w, end, shape);
        }
    }

    static int Count(int extent, int tile) => (extent + tile - 1) / tile;
}
