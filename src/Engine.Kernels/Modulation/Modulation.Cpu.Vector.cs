using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <content>Eight values at a time.</content>
public static unsafe partial class Modulation
{
    static void CpuVector(Device device, Tensor table, Tensor time, Tensor y)
    {
        int columns = table.Columns;
        float* to = y.Pointer;
        for (int j = 0; j < table.Rows; j++)
        {
            for (int u = 0; u < time.Rows; u++)
            {
                float* from = time.Pointer + ((long)u * time.Columns) + (IsShared(table, time) ? 0 : (long)j * columns);
                Add(table.Pointer + ((long)j * columns), from, to, columns);
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
