using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <content>The seven products of one band of rows and one block of inputs.</content>
public static unsafe partial class Linear
{
    /// <summary>A part owns the same range of outputs in both halves of y, and all rows or a share of them.</summary>
    struct StrassenJob : IPartitioned
    {
        public CpuOperands On;
        public StrassenShape Shape;
        public ScratchSlots Slots;
        public float* PackedRows;
        public int FirstRow;
        public int Rows;
        public int HalfRows;
        public int FirstInput;
        public int Depth;

        // Rows that meet all panels of a part before the next ones come.
        const int Chunk = 48;

        bool _firstBlock;
        bool _lastBlock;
        int _rowParts;

        public readonly int Height => TileKernel.Rows(On.Isa);

        public readonly int TilesDown => HalfRows / Height;

        public readonly int Parts => Shape.ColumnParts * _rowParts;

        public void Choose(int band, int block)
        {
            (FirstRow, Rows) = Shape.Band(band);
            (FirstInput, Depth) = Shape.Block(block);
            HalfRows = Shape.Half(Rows);
            _rowParts = Shape.RowParts(Rows);
            _firstBlock = block == 0;
            _lastBlock = block == Shape.Blocks - 1;
        }

        public readonly float* RowTile(int product, int tile) => PackedRows + ((((long)product * TilesDown) + tile) * Height * Depth);

        [SkipLocalsInit]
        public readonly void Run(int part)
        {
            int width = TileKernel.Columns(On.Isa);
            int row = part % _rowParts;
            int firstTile = (int)((long)TilesDown * row / _rowParts);
            int lastTile = (int)((long)TilesDown * (row + 1) / _rowParts);
            int left = part / _rowParts * Shape.OutputBlock;
            int columns = Math.Min(Shape.OutputBlock, Shape.HalfOutputs - left);
            int slot = Slots.Rent();
            var panels = new StrassenPanels((float*)Slots.Block(slot), columns * Depth);
            PackWeights(panels, left, columns, width);
            byte* memory = stackalloc byte[(TileKernel.LargestTile * sizeof(float)) + 64];
            float* spare = Storage.Align(memory);
            int tilesPerChunk = Chunk / Height;
            for (int product = 0; product < StrassenProducts.Count; product++)
            {
                float* sum = panels.Sum(product);
                for (int chunk = firstTile; chunk < lastTile; chunk += tilesPerChunk)
                {
                    int end = Math.Min(chunk + tilesPerChunk, lastTile);
                    for (int n = 0; n < columns; n += width)
                    {
                        // The rows of the next chunk, a share with each panel, so that they are in the second-level cache in time.
                        int share = Height * Depth / (columns / width);
                        float* ahead = RowTile(product, end) + (n / width * share);
                        Column(product, chunk, end, sum + (n * Depth), left + n, ahead, share, spare);
                    }
                }
            }

            Slots.Return(slot);
            if (_lastBlock)
            {
                End(firstTile * Height, lastTile * Height, left, columns);
            }
        }

        // The weights of this part's outputs in all four quarters: inputs of the first half, then of the second.
        [SkipLocalsInit]
        readonly void PackWeights(StrassenPanels panels, int left, int columns, int width)
        {
            byte* memory = stackalloc byte[(StrassenShape.MostDepth * TileKernel.WidestPanel * sizeof(float)) + 64];
            float* widened = Storage.Align(memory);
            for (int quarter = 0; quarter < 4; quarter++)
            {
                int first = left + (quarter % 2 * Shape.HalfOutputs);
                int k = FirstInput + (quarter / 2 * (On.K / 2));
                for (int n = 0; n < columns; n += width)
                {
                    On.Pack(first + n, Math.Clamp(On.N - first - n, 0, width), k, Depth, widened, panels.Quarter(quarter) + (n * Depth), width);
                }
            }
        }

        // Tiles one below the other, times one panel, added to the one or two quarters of y that the product belongs to.
        [SkipLocalsInit]
        readonly void Column(int product, int firstTile, int lastTile, float* panel, int n, float* ahead, int share, float* spare)
        {
            int width = TileKernel.Columns(On.Isa);
            TileTarget* targets = stackalloc TileTarget[2];
            int ends = 0;
            int whole = lastTile;
            for (int quarter = 0; quarter < 4; quarter++)
            {
                int sign = StrassenProducts.Sign(product, quarter);
                var (row, column) = Place(quarter, firstTile, n);
                if (sign != 0 && column < On.N && row < Rows)
                {
                    targets[ends++] = On.Target(FirstRow + row, column, StartsWith(product, quarter), sign);
                    int tiles = column + width > On.N ? 0 : Math.Min(Rows - row, HalfRows) / Height;
                    whole = Math.Min(whole, firstTile + tiles);
                }
            }

            Tiles(RowTile(product, firstTile), whole - firstTile, panel, targets, ends, ahead, share);
            for (int tile = whole; tile < lastTile; tile++)
            {
                Ragged(product, tile, panel, n, width, spare);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        readonly void Tiles(float* rows, int count, float* panel, TileTarget* targets, int ends, float* ahead, int share)
        {
            var isa = On.Isa;
            int depth = Depth;
            int height = Height;
            int width = TileKernel.Columns(isa);
            nint size = (nint)height * depth;
            for (; count > 0; count--, rows += size, ahead += size)
            {
                CacheHint.ToSecondLevel(ahead, share);
                for (int i = 0; i < ends; i++)
                {
                    CacheHint.Rows(targets[i].To, targets[i].Stride, height, width);
                }

                PackedTile.Run(isa, depth, rows, panel, targets, ends);
                for (int i = 0; i < ends; i++)
                {
                    targets[i] = targets[i].Below(height);
                }
            }
        }

        // A tile that reaches over the last row or column of one of its quarters.
        readonly void Ragged(int product, int tile, float* panel, int n, int width, float* spare)
        {
            var target = TileTarget.Store(spare, width);
            PackedTile.Run(On.Isa, Depth, RowTile(product, tile), panel, &target, 1);
            for (int quarter = 0; quarter < 4; quarter++)
            {
                int sign = StrassenProducts.Sign(product, quarter);
                var (row, column) = Place(quarter, tile, n);
                int rows = Math.Clamp(Rows - row, 0, Height);
                int columns = Math.Clamp(On.N - column, 0, width);
                if (sign != 0 && rows > 0 && columns > 0)
                {
                    Epilogue.Collect(spare, width, rows, columns, On.Target(FirstRow + row, column, StartsWith(product, quarter), sign));
                }
            }
        }

        readonly bool StartsWith(int product, int quarter) => _firstBlock && product == StrassenProducts.First(quarter);

        // Row within the band and column of y.
        readonly (int Row, int Column) Place(int quarter, int tile, int n) =>
            ((tile * Height) + (quarter / 2 * HalfRows), n + (quarter % 2 * Shape.HalfOutputs));

        // All sums are made: the activation and the way to y, for both halves of the part's rows and columns.
        readonly void End(int firstRow, int lastRow, int left, int columns)
        {
            for (int quarter = 0; quarter < 4; quarter++)
            {
                int first = firstRow + (quarter / 2 * HalfRows);
                int n = left + (quarter % 2 * Shape.HalfOutputs);
                int count = Math.Min(columns, On.N - n);
                for (int row = first; count > 0 && row < Math.Min(Rows, first + lastRow - firstRow); row++)
                {
                    On.End(FirstRow + row, n, count);
                }
            }
        }
    }
}
