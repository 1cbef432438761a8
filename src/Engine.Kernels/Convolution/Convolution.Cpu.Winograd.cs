using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <content>
/// Winograd on the plane: each tile of each frame is transformed, products are summed over channels and over the three frames
/// (the sum over time costs nothing extra there), and the sums are transformed back once. A part does a block of tiles, a block of
/// channels at a time, so that what it works on stays in the caches.
/// </content>
public static unsafe partial class Convolution
{
    // Tiles of a part: enough to use each transformed weight that is read from memory for about a hundred nanoseconds of work.
    const int LargeWinogradBlock = 48;
    const int SmallWinogradBlock = 24;
    const int FewestParts = 8;

    static void CpuWinograd(Device device, in ConvCall call)
    {
        var cpu = (CpuDevice)device;
        bool two = call.Weight.Form == WinogradForm.Two;
        switch (cpu.Isa)
        {
            case Isa.Avx512 when two:
                RunWinograd<ConvTileAvx512, WinogradTwo, Lanes16>(cpu, call);
                break;
            case Isa.Avx512:
                RunWinograd<ConvTileAvx512, WinogradFour, Lanes16>(cpu, call);
                break;
            case Isa.Avx2 when two:
                RunWinograd<ConvTileAvx2, WinogradTwo, Lanes8>(cpu, call);
                break;
            case Isa.Avx2:
                RunWinograd<ConvTileAvx2, WinogradFour, Lanes8>(cpu, call);
                break;
            default:
                if (two)
                {
                    RunWinograd<ConvTileVector128, WinogradTwo, Lanes8>(cpu, call);
                }
                else
                {
                    RunWinograd<ConvTileVector128, WinogradFour, Lanes8>(cpu, call);
                }

                break;
        }
    }

    static void RunWinograd<TTile, TForm, TLanes>(CpuDevice device, in ConvCall call)
        where TTile : IConvTile
        where TForm : IWinograd
        where TLanes : struct, ILanes<TLanes>
    {
        var blocks = new WinogradBlocks(call);
        var slots = ScratchSlots.Take(device, call.Scratch, blocks.ScratchBytes, blocks.Parts);
        var job = new WinogradJob<TTile, TForm, TLanes>(call, blocks, slots);
        device.Pool.Run(blocks.Parts, ref job);
    }

    static void ReserveWinograd(in ConvCall call)
    {
        var blocks = new WinogradBlocks(call);
        ScratchSlots.Take(call.Y.Values.Device, call.Scratch, blocks.ScratchBytes, blocks.Parts);
    }

    /// <summary>How the plane is cut into tiles and the tiles into parts; sizes of a part's scratch.</summary>
    readonly struct WinogradBlocks
    {
        public readonly int TilesAcross;
        public readonly int Tiles;
        public readonly int Block;
        public readonly int Points;
        public readonly int Channels;
        public readonly long ScratchBytes;

        public WinogradBlocks(in ConvCall call)
        {
            int outputs = call.Weight.Form == WinogradForm.Two ? 2 : 4;
            TilesAcross = (call.Y.Width + outputs - 1) / outputs;
            Tiles = TilesAcross * ((call.Y.Height + outputs - 1) / outputs);
            Block = Tiles >= LargeWinogradBlock * FewestParts ? LargeWinogradBlock : SmallWinogradBlock;
            Points = WinogradFilter.Points(call.Weight.Form);
            Channels = call.Weight.ChannelBlock;

            // Transformed inputs, sums, and one tile of pixels for tiles that reach over the plane's edge.
            ScratchBytes = (long)sizeof(float) * Points * ((Block * ((3 * Channels) + call.Weight.PaddedOutputs)) + Channels);
        }

        public int Parts => (Tiles + Block - 1) / Block;
    }

    readonly struct WinogradJob<TTile, TForm, TLanes>(ConvCall call, WinogradBlocks blocks, ScratchSlots slots) : IPartitioned
        where TTile : IConvTile
        where TForm : IWinograd
        where TLanes : struct, ILanes<TLanes>
    {
        static int Side => TForm.Outputs + 2;

        public void Run(int part)
        {
            int first = part * blocks.Block;
            int count = Math.Min(blocks.Block, blocks.Tiles - first);
            int slot = slots.Rent();
            float* inputs = (float*)slots.Block(slot);
            float* sums = inputs + ((nint)blocks.Points * blocks.Block * 3 * blocks.Channels);
            float* patch = sums + ((nint)blocks.Points * blocks.Block * call.Weight.PaddedOutputs);
            for (int channel = 0; channel < call.Weight.Inputs; channel += blocks.Channels)
            {
                TransformInputs(first, count, channel, inputs, patch);
                Multiply(count, channel, inputs, sums);
            }

            TransformSums(first, count, sums);
            slots.Return(slot);
        }

        // inputs: [point][tile][frame][channel], frames of zeros left out.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void TransformInputs(int first, int count, int channel, float* inputs, float* patch)
        {
            int skipped = call.X.SkippedTaps(3);
            nint perTile = 3 * blocks.Channels;
            nint perPoint = blocks.Block * perTile;
            float* rows = stackalloc float[6 * 6 * 16];
            for (int t = skipped; t < 3; t++)
            {
                var plane = call.X.ByTap(t, 3);
                for (int i = 0; i < count; i++)
                {
                    int y = (first + i) / blocks.TilesAcross * TForm.Outputs;
                    int x = (first + i) % blocks.TilesAcross * TForm.Outputs;
                    float* to = inputs + (i * perTile) + ((t - skipped) * blocks.Channels);
                    if (y + Side <= plane.Height + 2 && x + Side <= plane.Width + 2)
                    {
                        TransformTile(plane.At(y - 1, x - 1) + channel, (nint)plane.Pitch * plane.Channels, plane.Channels, rows, to, perPoint);
                    }
                    else
                    {
                        CopyPatch(plane, y, x, channel, patch);
                        TransformTile(patch, Side * (nint)blocks.Channels, blocks.Channels, rows, to, perPoint);
                    }
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void TransformTile(float* from, nint row, nint pixel, float* rows, float* to, nint perPoint)
        {
            for (int c = 0; c < blocks.Channels; c += TLanes.Width)
            {
                for (int y = 0; y < Side; y++)
                {
                    TForm.Input<TLanes>(from + (y * row) + c, pixel, rows + (y * Side * TLanes.Width), TLanes.Width);
                }

                for (int x = 0; x < Side; x++)
                {
                    TForm.Input<TLanes>(rows + (x * TLanes.Width), Side * TLanes.Width, to + (x * perPoint) + c, Side * perPoint);
                }
            }
        }

        // A tile at the right or lower edge: what lies beyond the border counts as zero.
        void CopyPatch(Plane plane, int y, int x, int channel, float* patch)
        {
            for (int dy = 0; dy < Side; dy++)
            {
                for (int dx = 0; dx < Side; dx++)
                {
                    var to = new Span<float>(patch + (((dy * Side) + dx) * blocks.Channels), blocks.Channels);
                    if (y + dy < plane.Height + 2 && x + dx < plane.Width + 2)
                    {
                        new Span<float>(plane.At(y + dy - 1, x + dx - 1) + channel, blocks.Channels).CopyTo(to);
                    }
                    else
                    {
                        to.Clear();
                    }
                }
            }
        }

        // sums: [point][tile][output] += inputs x weights, one product of matrices per point.
        void Multiply(int count, int channel, float* inputs, float* sums)
        {
            var weight = call.Weight;
            int skipped = call.X.SkippedTaps(3);
            int outputs = weight.PaddedOutputs;
            int perTile = 3 * blocks.Channels;
            int length = (3 - skipped) * blocks.Channels;
            int rows = (count + TTile.Rows - 1) / TTile.Rows * TTile.Rows;
            nint panelSize = 3 * (nint)weight.Inputs * ConvWeight.PanelWidth;
            nint start = ((channel * 3) + (skipped * blocks.Channels)) * ConvWeight.PanelWidth;
            for (int point = 0; point < blocks.Points; point++)
            {
                float* source = inputs + ((nint)point * blocks.Block * perTile);
                var segments = new ConvSegments(&source, 1, length, perTile);
                float* b = weight.Packed + (point * weight.Panels * panelSize) + start;
                float* c = sums + ((nint)point * blocks.Block * outputs);
                for (int panel = 0; panel < weight.Panels; panel += 2)
                {
                    Column<TTile>(
                        segments, 0, rows, b + (panel * panelSize), panelSize, c + (panel * ConvWeight.PanelWidth), outputs,
                        add: channel > 0, pair: panel + 1 < weight.Panels);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void TransformSums(int first, int count, float* sums)
        {
            int outputs = call.Weight.PaddedOutputs;
            nint perPoint = (nint)blocks.Block * outputs;
            float* rows = stackalloc float[6 * 4 * 16];
            float* done = stackalloc float[4 * 4 * 16];
            for (int i = 0; i < count; i++)
            {
                int y = (first + i) / blocks.TilesAcross * TForm.Outputs;
                int x = (first + i) % blocks.TilesAcross * TForm.Outputs;
                for (int n = 0; n < outputs; n += TLanes.Width)
                {
                    float* from = sums + ((nint)i * outputs) + n;
                    for (int r = 0; r < Side; r++)
                    {
                        TForm.Output<TLanes>(from + (r * Side * perPoint), perPoint, rows + (r * TForm.Outputs * TLanes.Width), TLanes.Width);
                    }

                    for (int column = 0; column < TForm.Outputs; column++)
                    {
                        TForm.Output<TLanes>(
                            rows + (column * TLanes.Width), TForm.Outputs * TLanes.Width,
                            done + (column * TLanes.Width), TForm.Outputs * TLanes.Width);
                    }

                    if (n + TLanes.Width <= call.Weight.Outputs)
                    {
                        StoreTile(done, y, x, n);
                    }
                    else if (n < call.Weight.Outputs)
                    {
                        StoreChannels(done, y, x, n);
                    }
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void StoreTile(float* done, int y, int x, int n)
        {
            var bias = TLanes.Load(call.Weight.Bias + n);
            int height = Math.Min(TForm.Outputs, call.Y.Height - y);
            int width = Math.Min(TForm.Outputs, call.Y.Width - x);
            for (int dy = 0; dy < height; dy++)
            {
                float* from = done + (dy * TForm.Outputs * TLanes.Width);
                float* to = call.Y.At(y + dy, x) + n;
                float* extra = call.Residual.IsEmpty ? null : call.Residual.At(y + dy, x) + n;
                for (int dx = 0; dx < width; dx++)
                {
                    var value = TLanes.Load(from + (dx * TLanes.Width)) + bias;
                    if (extra is not null)
                    {
                        value += TLanes.Load(extra + ((nint)dx * call.Weight.Outputs));
                    }

                    value.Store(to + ((nint)dx * call.Weight.Outputs));
                }
            }
        }

        // The last channels, where they do not fill a vector.
        void StoreChannels(float* done, int y, int x, int n)
        {
            int rest = call.Weight.Outputs - n;
            for (int dy = 0; dy < Math.Min(TForm.Outputs, call.Y.Height - y); dy++)
            {
                for (int dx = 0; dx < Math.Min(TForm.Outputs, call.Y.Width - x); dx++)
                {
                    float* from = done + (((dy * TForm.Outputs) + dx) * TLanes.Width);
                    float* to = call.Y.At(y + dy, x + dx) + n;
                    float* extra = call.Residual.IsEmpty ? null : call.Residual.At(y + dy, x + dx) + n;
                    for (int c = 0; c < rest; c++)
                    {
                        to[c] = from[c] + call.Weight.Bias[n + c] + (extra is null ? 0 : extra[c]);
                    }
                }
            }
        }
    }
}
