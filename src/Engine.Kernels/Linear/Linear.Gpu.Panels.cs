using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>For devices that are the host's cores: one thread per group, which packs panels of w and runs through rows of x; see <see cref="PanelSums"/>.</content>
public static partial class Linear
{
    // Inputs per panel, whole eights: 16 KiB of floats. Rows per group: packing is then a tenth of the work.
    const int PanelDepth = 256;
    const int PanelRows = 192;

    static void Panels<TStored>(
        ArrayView<float> x,
        ArrayView<byte> w,
        ArrayView<float> bias,
        ArrayView<float> y,
        ArrayView<float> gate,
        ArrayView<int> map,
        int rows,
        int outputs,
        int inputs,
        float scale,
        int form)
        where TStored : struct, IStored
    {
        var panel = SharedMemory.Allocate<float>(PanelDepth * PanelSums.Width);
        var sums = SharedMemory.Allocate<float>(PanelRows * PanelSums.Width);
        int across = (outputs + PanelSums.Width - 1) / PanelSums.Width;
        int m0 = Grid.IdxX / across * PanelRows;
        int n0 = Grid.IdxX % across * PanelSums.Width;
        int height = IntrinsicMath.Min(PanelRows, rows - m0);
        int width = IntrinsicMath.Min(PanelSums.Width, outputs - n0);
        bool alignedW = (form & AlignedW) != 0;
        var panel8 = panel.Cast<F8>();
        var sums8 = sums.Cast<F8>();
        for (int k0 = 0; k0 < inputs; k0 += PanelDepth)
        {
            int depth = IntrinsicMath.Min(PanelDepth, inputs - k0);
            for (int c = 0; c < PanelSums.Width; c++)
            {
                // Columns beyond the last one repeat it; they are never stored.
                long at = ((long)(n0 + IntrinsicMath.Min(c, width - 1)) * inputs) + k0;
                for (int k = 0; k < depth; k += 8)
                {
                    PanelSums.Pack(panel, (k * PanelSums.Width) + c, TStored.Eight(w, at + k, depth - k, alignedW));
                }
            }

            for (int m = 0; m < height; m += 4)
            {
                long x0 = ((long)(m0 + m) * inputs) + k0;
                long x1 = m + 1 < height ? x0 + inputs : x0;
                long x2 = m + 2 < height ? x1 + inputs : x0;
                long x3 = m + 3 < height ? x2 + inputs : x0;
                PanelSums.Of(panel8, depth, x, x0, x1, x2, x3).Store(sums8, 2 * m, 2, 1, k0 > 0);
            }
        }

        for (int m = 0; m < height; m++)
        {
            for (int c = 0; c < width; c++)
            {
                Finish(sums[(m * PanelSums.Width) + c], m0 + m, n0 + c, bias, y, gate, map, outputs, scale, form);
            }
        }
    }
}
