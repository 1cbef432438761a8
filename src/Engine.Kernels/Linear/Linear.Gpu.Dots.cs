using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>For a few rows: one group per output, whose row of w is read once for all of them.</content>
public static partial class Linear
{
    const int DotThreads = 64;

    static void Dots<TStored>(
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
        // Row by row, [MostDotRows, DotThreads].
        var shared = SharedMemory.Allocate<float>(MostDotRows * DotThreads);
        int thread = Group.IdxX;
        int n = Grid.IdxX;
        long wAt = (long)n * inputs;
        bool alignedX = (form & AlignedX) != 0;
        bool alignedW = (form & AlignedW) != 0;
        F8 sums = default;
        for (int k = thread * 8; k < inputs; k += DotThreads * 8)
        {
            int count = inputs - k;
            var from = TStored.Eight(w, wAt + k, count, alignedW);
            sums.V0 += F8.Dot(from, StoredF32.Eight(x, k, count, alignedX));
            sums.V1 += rows > 1 ? F8.Dot(from, StoredF32.Eight(x, inputs + (long)k, count, alignedX)) : 0;
            sums.V2 += rows > 2 ? F8.Dot(from, StoredF32.Eight(x, (2L * inputs) + k, count, alignedX)) : 0;
            sums.V3 += rows > 3 ? F8.Dot(from, StoredF32.Eight(x, (3L * inputs) + k, count, alignedX)) : 0;
            sums.V4 += rows > 4 ? F8.Dot(from, StoredF32.Eight(x, (4L * inputs) + k, count, alignedX)) : 0;
            sums.V5 += rows > 5 ? F8.Dot(from, StoredF32.Eight(x, (5L * inputs) + k, count, alignedX)) : 0;
            sums.V6 += rows > 6 ? F8.Dot(from, StoredF32.Eight(x, (6L * inputs) + k, count, alignedX)) : 0;
            sums.V7 += rows > 7 ? F8.Dot(from, StoredF32.Eight(x, (7L * inputs) + k, count, alignedX)) : 0;
        }

        shared[thread] = sums.V0;
        shared[thread + DotThreads] = sums.V1;
        shared[thread + (2 * DotThreads)] = sums.V2;
        shared[thread + (3 * DotThreads)] = sums.V3;
        shared[thread + (4 * DotThreads)] = sums.V4;
        shared[thread + (5 * DotThreads)] = sums.V5;
        shared[thread + (6 * DotThreads)] = sums.V6;
        shared[thread + (7 * DotThreads)] = sums.V7;
        Group.Barrier();

        // Eight threads per row add up eight values each, then the first adds up theirs.
        int row = thread >> 3;
        int at = (row * DotThreads) + ((thread & 7) * 8);
        float part = shared[at] + shared[at + 1] + shared[at + 2] + shared[at + 3] + shared[at + 4] + shared[at + 5] + shared[at + 6] + shared[at + 7];
        Group.Barrier();
        shared[thread] = part;
        Group.Barrier();
        if ((thread & 7) == 0 && row < rows)
        {
            float sum = shared[thread] + shared[thread + 1] + shared[thread + 2] + shared[thread + 3]
                + shared[thread + 4] + shared[thread + 5] + shared[thread + 6] + shared[thread + 7];
            Finish(sum, row, n, bias, y, gate, map, outputs, scale, form);
        }
    }
}
