namespace Engine.Kernels.Gpu;

/// <summary>The tensor-core kernels of <see cref="Linear"/>: one per tile and stored type of the weights.</summary>
/// <remarks>
/// x comes packed by <see cref="PackRows"/>: to bf16 for weights in bf16 and f32, to f16 with a power of two per row for all others.
/// </remarks>
static class CudaLinearKernels
{
    /// <summary>128 x 256, for weights that are copied as they are.</summary>
    public static readonly CudaKernel Bf16Large = TileProduct.Kernel<Tile256, MmaBf16, StoredRows, StoredRows, RowLayout, LinearEnd>("Linear 128x256 bf16");

    /// <inheritdoc cref="Bf16Large"/>
    public static readonly CudaKernel F16Large = TileProduct.Kernel<Tile256, MmaF16, StoredRows, StoredRows, RowLayout, LinearEnd>("Linear 128x256 f16");

    /// <summary>128 x 128.</summary>
    public static readonly Forms Medium = Make<Tile128>("128x128");

    /// <summary>64 x 64.</summary>
    public static readonly Forms Small = Make<Tile64>("64x64");

    /// <summary>Every one.</summary>
    public static IEnumerable<CudaKernel> All => [Bf16Large, F16Large, .. Medium.All, .. Small.All, LinearReduce.Kernel];

    static Forms Make<TTile>(string tile)
        where TTile : unmanaged, ITile<TTile> => new(
            TileProduct.Kernel<TTile, MmaBf16, StoredRows, StoredRows, RowLayout, LinearEnd>($"Linear {tile} bf16"),
            TileProduct.Kernel<TTile, MmaF16, StoredRows, StoredRows, RowLayout, LinearEnd>($"Linear {tile} f16"),
            TileProduct.Kernel<TTile, MmaBf16, StoredRows, F32Rows, RowLayout, LinearEnd>($"Linear {tile} f32"),
            TileProduct.Kernel<TTile, MmaF16, StoredRows, E4M3Rows, RowLayout, LinearEnd>($"Linear {tile} e4m3"),
            TileProduct.Kernel<TTile, MmaF16, StoredRows, E5M2Rows, RowLayout, LinearEnd>($"Linear {tile} e5m2"),
            TileProduct.Kernel<TTile, MmaF16, StoredRows, Q8Rows, RowLayout, LinearEnd>($"Linear {tile} q8_0"));

    /// <summary>The kernels of one tile, by the stored type of the weights.</summary>
    internal sealed record Forms(CudaKernel Bf16, CudaKernel F16, CudaKernel F32, CudaKernel E4M3, CudaKernel E5M2, CudaKernel Q8)
    {
        /// <summary>The one for a stored type.</summary>
        public CudaKernel this[DType type] => type switch
        {
            DType.BF16 => Bf16,
            DType.F16 => F16,
            DType.F32 => F32,
            DType.F8E4M3 => E4M3,
            DType.F8E5M2 => E5M2,
            DType.Q8_0 => Q8,
            _ => throw new ArgumentException($"No tensor-core kernel reads weights of type {type}.", nameof(type)),
        };

        /// <summary>Every one.</summary>
        public IEnumerable<CudaKernel> All => [Bf16, F16, F32, E4M3, E5M2, Q8];
    }
}
