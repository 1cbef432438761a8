namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class Elementwise
{
    static void ReferenceCombine(Device device, Tensor a, float factorA, Tensor b, float factorB, Tensor y)
    {
        for (long i = 0; i < y.Count; i++)
        {
            y.Pointer[i] = (float)(((double)factorA * a.Pointer[i]) + (factorB == 0 ? 0 : (double)factorB * b.Pointer[i]));
        }
    }

    static void ReferenceMultiply(Device device, Tensor x, Tensor y)
    {
        for (long i = 0; i < y.Count; i++)
        {
            y.Pointer[i] *= x.Pointer[i];
        }
    }

    static void ReferenceGate(Device device, Tensor x, Tensor gate, RowMap? rows, Tensor y)
    {
        int columns = y.Columns;
        for (int m = 0; m < y.Rows; m++)
        {
            long row = (long)(rows is null ? 0 : rows.Pointer[m]) * columns;
            for (int c = 0; c < columns; c++)
            {
                long at = ((long)m * columns) + c;
                y.Pointer[at] = (float)(y.Pointer[at] + ((double)gate.Pointer[row + c] * x.Pointer[at]));
            }
        }
    }

    static void ReferenceActivate(Device device, Tensor y, Activation activation)
    {
        for (long i = 0; i < y.Count; i++)
        {
            y.Pointer[i] = (float)ActivationMath.Reference(activation, y.Pointer[i]);
        }
    }
}
