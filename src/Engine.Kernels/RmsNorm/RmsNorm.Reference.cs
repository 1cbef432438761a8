namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class RmsNorm
{
    static void Reference(Device device, Tensor x, Tensor gain, Tensor y, float eps)
    {
        int columns = x.Columns;
        for (int r = 0; r < x.Rows; r++)
        {
            float* from = x.Pointer + ((long)r * columns);
            float* to = y.Pointer + ((long)r * columns);
            double squares = 0;
            for (int c = 0; c < columns; c++)
            {
                squares += (double)from[c] * from[c];
            }

            double scale = 1 / Math.Sqrt((squares / columns) + eps);
            for (int c = 0; c < columns; c++)
            {
                to[c] = (float)(from[c] * scale * gain.Pointer[c]);
            }
        }
    }
}
