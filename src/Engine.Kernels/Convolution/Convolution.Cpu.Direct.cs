using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <content>
/// Implicit GEMM: rows are output pixels, columns output channels, the inner dimension runs over taps and input channels.
/// With channels last and a border of zeros, a row of taps is one contiguous run and neighbouring pixels lie a fixed distance
/// apart, so that the kernel reads the frames where they are: nothing is copied or unfolded.
/// </content>
public static unsafe partial class Convolution
{
    // Sums of one block stay in the second-level cache while the weights stream past.
    const int BlockBytes = 192 << 10;

    // Weights of one panel used per pass over a block: half a small second-level cache.
    const int PanelBytes = 128 << 10;

    // A block is a multiple of every kernel's height, and no smaller than this unless the plane is.
    const int BlockUnit = 24;

    static void CpuDirect(Device device, in ConvCall call)
    {
        var cpu = (CpuDevice)device;
        switch (cpu.Isa)
        {
            case Isa.Avx512:
                RunDirect<ConvTileAvx512>(cpu, call);
                break;
            case Isa.Avx2:
                RunDirect<ConvTileAvx2>(cpu, call);
                break;
            default:
                RunDirect<ConvTileVector128>(cpu, call);
                break;
        }
    }

    static void RunDirect<TTile>(CpuDevice device, in ConvCall call)
        where TTile : IConvTile
    {
        var lines = new DirectLines(call);
        var slots = ScratchSlots.Take(device, call.Scratch, lines.ScratchBytes, lines.Parts);
        var job = new DirectJob<TTile>(call, lines, slots);
        device.Pool.Run(lines.Parts, ref job);
    }

    static void ReserveScratch(in ConvCall call)
    {
        if (call.Weight.Form != WinogradForm.None)
        {
            ReserveWinograd(call);
            return;
        }

        var lines = new DirectLines(call);
        ScratchSlots.Take(call.Y.Values.Device, call.Scratch, lines.ScratchBytes, lines.Parts);
    }

    /// <summary>How the output pixels are walked: lines of pixels whose inputs lie a fixed distance apart, cut into blocks.</summary>
    readonly struct DirectLines
    {
        public readonly int Lines;
        public readonly int Length;
        public readonly int Block;
        public readonly int BlocksPerLine;
        public readonly int Phases;
        public readonly long ScratchBytes;

        public DirectLines(in ConvCall call)
        {
            // Stride 1: all rows make one line, the border's pixels between them included, whose results are dropped.
            // Halve: the step from row to row differs from the step inside one, so each row is a line.
            var kind = call.Weight.Kind;
            var x = call.X.Current;
            Lines = kind == ConvKind.Halve ? call.Y.Height : 1;
            Length = kind == ConvKind.Halve ? call.Y.Width : ((x.Height - 1) * x.Pitch) + x.Width;
            Phases = call.Weight.Phases;
            int padded = call.Weight.Panels * ConvWeight.PanelWidth;
            int fits = Math.Max(1, BlockBytes / (padded * sizeof(float)) / BlockUnit) * BlockUnit;
            int shared = ((Length * Lines / 8 / BlockUnit) + 1) * BlockUnit;
            Block = Math.Min(fits, shared);
            BlocksPerLine = (Length + Block - 1) / Block;

            // A last tile that would stick out is moved back and gets rows of its own.
            ScratchBytes = (long)(Block + BlockUnit) * padded * sizeof(float);
        }

        public int Parts => checked(Lines * BlocksPerLine * Phases);
    }

    struct DirectJob<TTile> : IPartitioned
        where TTile : IConvTile
    {
        readonly ConvCall _call;
        readonly DirectLines _lines;
        readonly ScratchSlots _slots;
        readonly int _skippedRuns;

        public DirectJob(in ConvCall call, in DirectLines lines, ScratchSlots slots)
        {
            _call = call;
            _lines = lines;
            _slots = slots;
            var weight = call.Weight;
            int frames = weight.Kind.Frames();
            _skippedRuns = call.X.SkippedTaps(frames) * (weight.Runs / frames);
        }

        public readonly void Run(int part)
        {
            int phase = part % _lines.Phases;
            int block = part / _lines.Phases;
            int line = block / _lines.BlocksPerLine;
            int first = block % _lines.BlocksPerLine * _lines.Block;
            int count = Math.Min(_lines.Block, _lines.Length - first);
            int slot = _slots.Rent();
            float* sums = (float*)_slots.Block(slot);
            Multiply(phase, line, first, count, sums);
            Store(phase, line, first, count, sums);
            _slots.Return(slot);
        }

        readonly void Multiply(int phase, int line, int first, int count, float* sums)
        {
            var weight = _call.Weight;
            int runs = weight.Runs;
            int length = weight.RunLength;
            float** sources = stackalloc float*[9];
            FillSources(phase, line, sources);
            nint pixel = (nint)weight.Inputs * (weight.Kind == ConvKind.Halve ? 2 : 1);
            int panels = weight.Panels;
            int columns = panels * ConvWeight.PanelWidth;
            nint panelSize = (nint)runs * length * ConvWeight.PanelWidth;
            float* packed = weight.Packed + (phase * panels * panelSize);
            int perPass = Math.Max(1, PanelBytes / (length * ConvWeight.PanelWidth * sizeof(float)));
            for (int run = _skippedRuns; run < runs; run += perPass)
            {
                var segments = new ConvSegments(sources + run, Math.Min(perPass, runs - run), length, pixel);
                bool add = run > _skippedRuns;
                float* weights = packed + ((nint)run * length * ConvWeight.PanelWidth);
                for (int panel = 0; panel < panels;)
                {
                    float* b = weights + (panel * panelSize);
                    float* c = sums + (panel * ConvWeight.PanelWidth);
                    if (panel + 1 < panels)
                    {
                        Column<TTile>(segments, first, count, b, panelSize, 2 * panelSize, c, columns, add, pair: true);
                        panel += 2;
                    }
                    else
                    {
                        Column<TTile>(segments, first, count, b, panelSize, ahead: 0, c, columns, add, pair: false);
                        panel++;
                    }
                }
            }
        }

        // The frames' addresses for each run of taps, at the line's pixel 0.
        readonly void FillSources(int phase, int line, float** sources)
        {
            var (x, weight, _, _, _) = _call;
            int frames = weight.Kind.Frames();
            int rows = weight.Runs / frames;
            var (firstRow, firstColumn) = weight.Kind switch
            {
                ConvKind.Causal => (-1, -1),
                ConvKind.Halve => (2 * line, 0),
                ConvKind.Double => (-1 + (phase / 2), -1 + (phase % 2)),
                _ => (0, 0),
            };
            for (int run = _skippedRuns; run < weight.Runs; run++)
            {
                sources[run] = x.ByTap(run / rows, frames).At(firstRow + (run % rows), firstColumn);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        readonly void Store(int phase, int line, int first, int count, float* sums)
        {
            var (x, weight, y, residual, _) = _call;
            int outputs = weight.Outputs;
            int columns = weight.Panels * ConvWeight.PanelWidth;
            bool halve = weight.Kind == ConvKind.Halve;
            int scale = weight.Kind == ConvKind.Double ? 2 : 1;
            int pitch = halve ? int.MaxValue : x.Current.Pitch;
            int width = halve ? y.Width : x.Current.Width;
            int whole = count - (count % TTile.Rows);
            int row = halve ? line : first / pitch;
            int column = halve ? first : first % pitch;
            float* bias = weight.Bias;
            nint apart = (nint)scale * outputs;
            float* to = null, extra = null;
            for (int i = 0; i < count; i++)
            {
                if (i == 0 || column == 0)
                {
                    int toRow = (row * scale) + (phase / 2);
                    to = y.At(toRow, phase % 2);
                    extra = residual.IsEmpty ? null : residual.At(toRow, phase % 2);
                }

                if (column < width)
                {
                    // The tail's tile was moved back to end with the block; see Column.
                    int at = i < whole || count < TTile.Rows ? i : i - count + whole + TTile.Rows;
                    nint offset = column * apart;
                    StorePixel(sums + ((nint)at * columns), bias, extra is null ? null : extra + offset, to + offset, outputs);
                }

                if (++column == pitch)
                {
                    column = 0;
                    row++;
                }
            }
        }
    }

    // All pixels of a block against one panel or two side by side; meanwhile the panels `ahead` values further on are fetched.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Column<TTile>(
        in ConvSegments segments, int first, int count, float* b, nint panelSize, nint ahead, float* c, int columns, bool add, bool pair)
        where TTile : IConvTile
    {
        // A tile of pixels fetches a quarter of what its segments' weights take.
        nint quarter = (nint)segments.Count * segments.Length * ConvWeight.PanelWidth / 4;
        int tiles = count / TTile.Rows;
        for (int tile = 0; tile < tiles; tile++)
        {
            nint at = (first + ((nint)tile * TTile.Rows)) * segments.Pixel;
            nint fetch = ahead + (Math.Min(tile, 3) * quarter);
            Tile<TTile>(segments, at, b, panelSize, fetch, c + ((nint)tile * TTile.Rows * columns), columns, add, pair);
        }

        int rest = count - (tiles * TTile.Rows);
        if (rest > 0 && tiles > 0)
        {
            nint at = (first + count - TTile.Rows) * segments.Pixel;
            Tile<TTile>(segments, at, b, panelSize, ahead, c + ((nint)tiles * TTile.Rows * columns), columns, add, pair);
            return;
        }

        for (int i = 0; i < rest; i++)
        {
            float* row = c + ((nint)i * columns);
            TTile.RunRow(segments, (first + i) * segments.Pixel, b, row, add);
            if (pair)
            {
                TTile.RunRow(segments, (first + i) * segments.Pixel, b + panelSize, row + ConvWeight.PanelWidth, add);
            }
        }
    }

    static void Tile<TTile>(in ConvSegments segments, nint at, float* b, nint panelSize, nint ahead, float* c, int columns, bool add, bool pair)
        where TTile : IConvTile
    {
        if (pair)
        {
            TTile.RunPair(segments, at, b, b + panelSize, ahead, c, columns, add);
        }
        else
        {
            TTile.Run(segments, at, b, ahead, c, columns, add);
        }
    }
}
