using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>One group per row; sums meet in shared memory in a fixed order.</content>
public static partial class LayerNorm
{
    const int GroupSize = 256;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<int>, ArrayView<float>, RowNorm>> s_row =
        new(typeof(LayerNorm), nameof(RowPerGroup), GroupSize);

    static void GpuRowPerGroup(Device device, Tensor x, Tensor y, float eps, Tensor gain, Tensor bias) =>
        GpuRows(device, x, gain, gainLess: 0, bias, null, y, eps);

    /// <summary>y = norm(x) * (gain + gainLess) + bias, with a row of the tables for each token where a map is given.</summary>
    internal static void GpuRows(Device device, Tensor x, Tensor gain, float gainLess, Tensor bias, RowMap? map, Tensor y, float eps)
    {
        var gpu = (GpuDevice)device;
        var norm = new RowNorm
        {
            Columns = x.Columns,
            Eps = eps,
            GainLess = gainLess,
            HasGain = gain.IsEmpty ? 0 : 1,
            HasBias = bias.IsEmpty ? 0 : 1,
            HasMap = map is null ? 0 : 1,
        };
        s_row.On(gpu)(
            gpu.Stream, Grids.Groups(x.Rows, GroupSize), gpu.View(x), gpu.View(gain), gpu.View(bias), gpu.View(map), gpu.View(y), norm);
    }

    // The second pass also sums the rest x - mean, because the mean of values far from 0 is itself rounded.
    static void RowPerGroup(
        ArrayView<float> x, ArrayView<float> gain, ArrayView<float> bias, ArrayView<int> map, ArrayView<float> y, RowNorm norm)
    {
        var sums = SharedMemory.Allocate<float>(GroupSize);
        int columns = norm.Columns;
        long row = (long)Grid.IdxX * columns;
        float sum = 0;
        for (int c = Group.IdxX; c < columns; c += GroupSize)
        {
            sum += x[row + c];
        }

        float mean = Reductions.Sum(sums, sum, GroupSize) / columns;
        float rest = 0;
        float squares = 0;
        for (int c = Group.IdxX; c < columns; c += GroupSize)
        {
            float v = x[row + c] - mean;
            rest += v;
            squares += v * v;
        }

        rest = Reductions.Sum(sums, rest, GroupSize) / columns;
        float variance = (Reductions.Sum(sums, squares, GroupSize) / columns) - (rest * rest);
        float scale = 1 / XMath.Sqrt((variance > 0 ? variance : 0) + norm.Eps);
        long table = norm.HasMap == 0 ? 0 : (long)map[Grid.IdxX] * columns;
        for (int c = Group.IdxX; c < columns; c += GroupSize)
        {
            float v = (x[row + c] - mean - rest) * scale;
            v = norm.HasGain == 0 ? v : v * (gain[table + c] + norm.GainLess);
            y[row + c] = norm.HasBias == 0 ? v : v + bias[table + c];
        }
    }

    /// <summary>What the kernel is told besides its operands.</summary>
    internal struct RowNorm
    {
        public int Columns;
        public float Eps;

        /// <summary>Added to the gain.</summary>
        public float GainLess;

        public int HasGain;
        public int HasBias;
        public int HasMap;
    }
}
