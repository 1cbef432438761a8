using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>Adds a layer's learned table to what the timesteps give, and sorts the sum by kind (shift, scale, gate ...).</summary>
/// <remarks>
/// y[j, u, c] = table[j, c] + time[u, j C + c] when time is [U, J C], or table[j, c] + time[u, c] when time is [U, C].
/// table: [J, C]; y: [J, U, C]; all f32; J kinds, U distinct timesteps.
/// Cost: reads and writes J U C floats; too small to share out.  Exact.
/// </remarks>
public static unsafe class Modulation
{
    /// <summary>Computes the sums.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="table">Learned table [J, C].</param>
    /// <param name="time">Time projection [U, J C], or time embedding [U, C] that all kinds share.</param>
    /// <param name="y">Output [J, U, C].</param>
    public static void Run(Device device, Tensor table, Tensor time, Tensor y)
    {
        int kinds = table.Rows;
        int columns = table.Columns;
        bool shared = time.Columns == columns;
        Operands.Extent(nameof(Modulation), "width of time", shared ? columns : (long)kinds * columns, time.Columns);
        Operands.Extent(nameof(Modulation), "width of y", columns, y.Columns);
        Operands.Extent(nameof(Modulation), "rows of y", (long)kinds * time.Rows, y.Rows);
        if (device.Skips(nameof(Modulation), y.Count, 12.0 * y.Count))
        {
            return;
        }

        float* to = y.Pointer;
        for (int j = 0; j < kinds; j++)
        {
            for (int u = 0; u < time.Rows; u++)
            {
                Add(table.Pointer + ((long)j * columns), time.Pointer + ((long)u * time.Columns) + (shared ? 0 : (long)j * columns), to, columns);
                to += columns;
            }
        }
    }

    static void Add(float* a, float* b, float* y, int count)
    {
        int c = 0;
        for (; c <= count - Vector256<float>.Count; c += Vector256<float>.Count)
        {
            (Vector256.Load(a + c) + Vector256.Load(b + c)).Store(y + c);
        }

        for (; c < count; c++)
        {
            y[c] = a[c] + b[c];
        }
    }
}
