using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>Square tiles of y, one per group; blocks of x and w meet in shared memory, eight by eight sums lie in each thread's registers.</content>
public static partial class Linear
{
    const int TileSide = 128;
    const int TileThreads = 256;
    const int TileDepth = 16;

    static void Tiles<TStored>(
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
        // Both blocks lie transposed, [TileDepth, TileSide], as floats that are written one by one and read four at a time.
        var xs = SharedMemory.Allocate<float>(TileDepth * TileSide);
        var ws = SharedMemory.Allocate<float>(TileDepth * TileSide);
        int across = (outputs + TileSide - 1) / TileSide;
        int m0 = Grid.IdxX / across * TileSide;
        int n0 = Grid.IdxX % across * TileSide;
        int thread = Group.IdxX;

        // A thread loads eight inputs of one row of x and of one of w; neighbours write to neighbouring banks.
        int line = thread & (TileSide - 1);
        int part = thread / TileSide * 8;
        bool hasX = m0 + line < rows;
        bool hasW = n0 + line < outputs;
        long xAt = (long)(m0 + line) * inputs;
        long wAt = (long)(n0 + line) * inputs;
        bool alignedX = (form & AlignedX) != 0;
        bool alignedW = (form & AlignedW) != 0;

        // Rows 8 down .. + 7 and columns 4 right .. + 3 and 64 more of each: reads of w without conflicts of banks.
        int down = thread >> 4;
        int right = thread & 15;
        F8 s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (int k0 = 0; k0 < inputs; k0 += TileDepth)
        {
            int k = k0 + part;
            F8 fromX = default;
            F8 fromW = default;
            if (hasX && k < inputs)
            {
                fromX = StoredF32.Eight(x, xAt + k, inputs - k, alignedX);
            }

            if (hasW && k < inputs)
            {
                fromW = TStored.Eight(w, wAt + k, inputs - k, alignedW);
            }

            Group.Barrier();
            Scatter(xs, (part * TileSide) + line, fromX);
            Scatter(ws, (part * TileSide) + line, fromW);
            Group.Barrier();
            var xs4 = xs.Cast<F4>();
            var ws4 = ws.Cast<F4>();
            for (int d = 0; d < TileDepth * TileSide / 4; d += TileSide / 4)
            {
                var low = ws4[d + right];
                var high = ws4[d + right + 16];
                var first = xs4[d + (2 * down)];
                var second = xs4[d + (2 * down) + 1];
                s0 = F8.MultiplyAdd(first.V0, low, high, s0);
                s1 = F8.MultiplyAdd(first.V1, low, high, s1);
                s2 = F8.MultiplyAdd(first.V2, low, high, s2);
                s3 = F8.MultiplyAdd(first.V3, low, high, s3);
                s4 = F8.MultiplyAdd(second.V0, low, high, s4);
                s5 = F8.MultiplyAdd(second.V1, low, high, s5);
                s6 = F8.MultiplyAdd(second.V2, low, high, s6);
                s7 = F8.MultiplyAdd(second.V3, low, high, s7);
            }
        }

        // By way of shared memory, one row of each thread at a time, so that y is written in order and the epilogue is there once.
        var sums = xs.Cast<F4>();
        for (int r = 0; r < 8; r++)
        {
            var s = r < 4 ? r < 2 ? r == 0 ? s0 : s1 : r == 2 ? s2 : s3 : r < 6 ? r == 4 ? s4 : s5 : r == 6 ? s6 : s7;
            Group.Barrier();
            sums[(down * TileSide / 4) + right] = F8.LowHalf(s);
            sums[(down * TileSide / 4) + right + 16] = F8.HighHalf(s);
            Group.Barrier();
            for (int i = thread; i < 16 * TileSide; i += TileThreads)
            {
                int m = m0 + (i / TileSide * 8) + r;
                int n = n0 + (i & (TileSide - 1));
                if (m < rows && n < outputs)
                {
                    Finish(xs[i], m, n, bias, y, gate, map, outputs, scale, form);
                }
            }
        }
    }

    static void Scatter(ArrayView<float> to, int at, F8 v)
    {
        to[at] = v.V0;
        to[at + TileSide] = v.V1;
        to[at + (2 * TileSide)] = v.V2;
        to[at + (3 * TileSide)] = v.V3;
        to[at + (4 * TileSide)] = v.V4;
        to[at + (5 * TileSide)] = v.V5;
        to[at + (6 * TileSide)] = v.V6;
        to[at + (7 * TileSide)] = v.V7;
    }
}
