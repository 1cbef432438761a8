using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>For devices that are the host's cores: one thread per group, which packs a panel of w and runs through rows of x.</content>
/// <remarks>Shared memory is this thread's scratch, without a barrier; the driver's compiler makes vectors of the eight sums of a row.</remarks>
public static partial class Linear
{
    const int PanelWidth = 16;
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
        var panel = SharedMemory.Allocate<float>(PanelDepth * PanelWidth);
        var sums = SharedMemory.Allocate<float>(PanelRows * PanelWidth);
        int across = (outputs + PanelWidth - 1) / PanelWidth;
        int m0 = Grid.IdxX / across * PanelRows;
        int n0 = Grid.IdxX % across * PanelWidth;
        int height = IntrinsicMath.Min(PanelRows, rows - m0);
        int width = IntrinsicMath.Min(PanelWidth, outputs - n0);
        bool alignedW = (form & AlignedW) != 0;
        var panel8 = panel.Cast<F8>();
        var sums8 = sums.Cast<F8>();
        for (int k0 = 0; k0 < inputs; k0 += PanelDepth)
        {
            int depth = IntrinsicMath.Min(PanelDepth, inputs - k0);
            for (int c = 0; c < PanelWidth; c++)
            {
                // Columns beyond the last one repeat it; they are never stored.
                long at = ((long)(n0 + IntrinsicMath.Min(c, width - 1)) * inputs) + k0;
                for (int k = 0; k < depth; k += 8)
                {
                    Pack(panel, (k * PanelWidth) + c, TStored.Eight(w, at + k, depth - k, alignedW));
                }
            }

            for (int m = 0; m < height; m += 4)
            {
                long x0 = ((long)(m0 + m) * inputs) + k0;
                long x1 = m + 1 < height ? x0 + inputs : x0;
                long x2 = m + 2 < height ? x1 + inputs : x0;
                long x3 = m + 3 < height ? x2 + inputs : x0;
                F8 a0 = default, a1 = default, a2 = default, a3 = default;
                F8 b0 = default, b1 = default, b2 = default, b3 = default;
                for (int k = 0; k < depth; k++)
                {
                    var low = panel8[2 * k];
                    var high = panel8[(2 * k) + 1];
                    float v0 = x[x0 + k];
                    float v1 = x[x1 + k];
                    float v2 = x[x2 + k];
                    float v3 = x[x3 + k];
                    a0 = F8.MultiplyAdd(v0, low, a0);
                    b0 = F8.MultiplyAdd(v0, high, b0);
                    a1 = F8.MultiplyAdd(v1, low, a1);
                    b1 = F8.MultiplyAdd(v1, high, b1);
                    a2 = F8.MultiplyAdd(v2, low, a2);
                    b2 = F8.MultiplyAdd(v2, high, b2);
                    a3 = F8.MultiplyAdd(v3, low, a3);
                    b3 = F8.MultiplyAdd(v3, high, b3);
                }

                int s = 2 * m;
                if (k0 > 0)
                {
                    a0 = F8.Add(a0, sums8[s]);
                    b0 = F8.Add(b0, sums8[s + 1]);
                    a1 = F8.Add(a1, sums8[s + 2]);
                    b1 = F8.Add(b1, sums8[s + 3]);
                    a2 = F8.Add(a2, sums8[s + 4]);
                    b2 = F8.Add(b2, sums8[s + 5]);
                    a3 = F8.Add(a3, sums8[s + 6]);
                    b3 = F8.Add(b3, sums8[s + 7]);
                }

                sums8[s] = a0;
                sums8[s + 1] = b0;
                sums8[s + 2] = a1;
                sums8[s + 3] = b1;
                sums8[s + 4] = a2;
                sums8[s + 5] = b2;
                sums8[s + 6] = a3;
                sums8[s + 7] = b3;
            }
        }

        for (int m = 0; m < height; m++)
        {
            for (int c = 0; c < width; c++)
            {
                Finish(sums[(m * PanelWidth) + c], m0 + m, n0 + c, bias, y, gate, map, outputs, scale, form);
            }
        }
    }

    // The panel is a whole number of eights deep, so that what lies beyond the last input has a place too.
    static void Pack(ArrayView<float> panel, int at, F8 v)
    {
        panel[at] = v.V0;
        panel[at + PanelWidth] = v.V1;
        panel[at + (2 * PanelWidth)] = v.V2;
        panel[at + (3 * PanelWidth)] = v.V3;
        panel[at + (4 * PanelWidth)] = v.V4;
        panel[at + (5 * PanelWidth)] = v.V5;
        panel[at + (6 * PanelWidth)] = v.V6;
        panel[at + (7 * PanelWidth)] = v.V7;
    }
}
