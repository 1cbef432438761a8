namespace Engine.Kernels;

/// <content>
/// Winograd: tiles of each frame are transformed, products are summed over channels (and over frames, where they are not
/// transformed too), and the sums are transformed back. A part does a block of tiles, so that what it works on stays in the caches.
/// </content>
public static unsafe partial class Convolution
{
    static void CpuWinograd(Device device, in ConvCall call)
    {
        var cpu = (CpuDevice)device;
        switch (cpu.Isa)
        {
            case Isa.Avx512:
                RunWinograd<ConvTileAvx512, Lanes16>(cpu, call);
                break;
            case Isa.Avx2:
                RunWinograd<ConvTileAvx2, Lanes8>(cpu, call);
                break;
            default:
                RunWinograd<ConvTileVector128, Lanes8>(cpu, call);
                break;
        }
    }

    static void RunWinograd<TTile, TLanes>(CpuDevice device, in ConvCall call)
        where TTile : IConvTile
        where TLanes : struct, ILanes<TLanes>
    {
        switch (call.Weight.Form)
        {
            case WinogradForm.Two:
                RunWinograd<TTile, WinogradTwo, TLanes>(device, call);
                break;
            case WinogradForm.Shared:
                RunWinograd<TTile, WinogradShared, TLanes>(device, call);
                break;
            default:
                RunWinograd<TTile, WinogradFour, TLanes>(device, call);
                break;
        }
    }

    static void RunWinograd<TTile, TForm, TLanes>(CpuDevice device, in ConvCall call)
        where TTile : IConvTile
        where TForm : IWinograd
        where TLanes : struct, ILanes<TLanes>
    {
        var blocks = WinogradBlocks.Of<TForm>(call);
        float* weights = call.Weight.Packed;
        if (call.Weight.TransformsEachCall)
        {
            weights = (float*)call.Scratch.TakeRaw(WinogradForms.WeightsOf(call.Weight.Form, call.Weight.Inputs, call.Weight.Outputs));
            var filter = new WinogradFilterJob<TLanes>(call.Weight, weights, blocks.FirstSet, blocks.Sets);
            device.Pool.Run(filter.Parts, ref filter);
        }

        var slots = ScratchSlots.Take(device, call.Scratch, blocks.ScratchBytes, blocks.Parts);
        var job = new WinogradJob<TTile, TForm, TLanes>(call, blocks, slots, weights);
        device.Pool.Run(blocks.Parts, ref job);
    }

    static void ReserveWinograd(in ConvCall call)
    {
        var blocks = call.Weight.Form switch
        {
            WinogradForm.Two => WinogradBlocks.Of<WinogradTwo>(call),
            WinogradForm.Shared => WinogradBlocks.Of<WinogradShared>(call),
            _ => WinogradBlocks.Of<WinogradFour>(call),
        };
        if (call.Weight.TransformsEachCall)
        {
            call.Scratch.TakeRaw(WinogradForms.WeightsOf(call.Weight.Form, call.Weight.Inputs, call.Weight.Outputs));
        }

        ScratchSlots.Take(call.Y.Values.Device, call.Scratch, blocks.ScratchBytes, blocks.Parts);
    }

    readonly partial struct WinogradJob<TTile, TForm, TLanes>(ConvCall call, WinogradBlocks blocks, ScratchSlots slots, float* weights) : IPartitioned
        where TTile : IConvTile
        where TForm : IWinograd
        where TLanes : struct, ILanes<TLanes>
    {
        // Steps between two loads of the sums: the inputs of a tile of pixels and a panel of weights fit the first-level cache.
        const int MostSteps = 192;

        public void Run(int part)
        {
            int first = part * blocks.Block;
            int count = Math.Min(blocks.Block, blocks.Tiles - first);
            int slot = slots.Rent();
            float* inputs = (float*)slots.Block(slot);
            float* sums = inputs + ((nint)blocks.Sets * blocks.Points * blocks.InputStride);
            float* patch = sums + ((nint)blocks.SumSets * blocks.Points * blocks.SumStride);
            if (call.Weight.Form == WinogradForm.FourPair)
            {
                TransformFrames(first, count, inputs, patch);
            }
            else
            {
                TransformInputs(first, count, inputs, patch);
            }

            for (int panel = 0; panel < call.Weight.Panels; panel += blocks.GroupPanels)
            {
                int panels = Math.Min(blocks.GroupPanels, call.Weight.Panels - panel);
                Multiply(count, panel, panels, inputs, sums);
                TransformSums(first, count, panel * ConvWeight.PanelWidth, panels * ConvWeight.PanelWidth, sums);
            }

            slots.Return(slot);
        }

        // sums: [set][point][tile][output of the group] = inputs x weights, one product of matrices per set and point.
        void Multiply(int count, int firstPanel, int panels, float* inputs, float* sums)
        {
            int columns = blocks.GroupPanels * ConvWeight.PanelWidth;
            int rows = (count + TTile.Rows - 1) / TTile.Rows * TTile.Rows;
            nint panelSize = (nint)call.Weight.Form.Steps(call.Weight.Inputs, call.Weight.Kind) * ConvWeight.PanelWidth;
            int chunks = (blocks.Steps + MostSteps - 1) / MostSteps;
            int chunk = ((blocks.Steps / chunks) + 15) / 16 * 16;
            for (int set = blocks.FirstSet; set < blocks.Sets; set++)
            {
                for (int point = 0; point < blocks.Points; point++)
                {
                    int at = (set * blocks.Points) + point;
                    float* source = inputs + (at * blocks.InputStride);
                    float* b = weights + ((((nint)at * call.Weight.Panels) + firstPanel) * panelSize);
                    float* c = sums + ((blocks.SumSets == 1 ? point : at) * blocks.SumStride);
                    for (int step = 0; step < blocks.Steps; step += chunk)
                    {
                        var segments = new ConvSegments(&source, 1, Math.Min(chunk, blocks.Steps - step), blocks.Steps);
                        bool add = step > 0 || (blocks.SumSets == 1 && set > blocks.FirstSet);
                        float* from = b + ((blocks.SkippedSteps + step) * ConvWeight.PanelWidth);
                        for (int panel = 0; panel < panels; panel += 2)
                        {
                            // After the group's last panels come the first ones of the next point.
                            nint ahead = panel + 2 < panels ? 2 * panelSize : (call.Weight.Panels - panel) * panelSize;
                            Column<TTile>(
                                segments, 0, rows, from + (panel * panelSize), panelSize, ahead, c + (panel * ConvWeight.PanelWidth), columns, add,
                                pair: panel + 1 < panels);
                        }

                        source += segments.Length;
                    }
                }
            }
        }
    }
}
