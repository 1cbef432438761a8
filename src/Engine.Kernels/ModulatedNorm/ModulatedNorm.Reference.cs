namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class ModulatedNorm
{
    static void Reference(Device device, Tensor x, Tensor shift, Tensor scale, RowMap? rows, Tensor y, float eps)
    {
        int columns = x.Columns;
        for (int r = 0; r < x.Rows; r++)
        {
            float* from = x.Pointer + ((long)r * columns);
            float* to = y.Pointer + ((long)r * columns);
            long row = (long)(rows is null ? 0 : rows.Pointer[r]) * columns;
            var (mean, inverse) = LayerNorm.Moments(from, columns, eps);
            for (int c = 0; c < columns; c++)
            {
                to[c] = (float)(((from[c] - mean) * inverse * (1.0 + scale.Pointer[row + c])) + shift.Pointer[row + c]);
            }
        }
    }
}
