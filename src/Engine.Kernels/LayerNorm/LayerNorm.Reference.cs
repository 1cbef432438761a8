namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class LayerNorm
{
    static void Reference(Device device, Tensor x, Tensor y, float eps, Tensor gain, Tensor bias)
    {
        int columns = x.Columns;
        for (int r = 0; r < x.Rows; r++)
        {
            float* from = x.Pointer + ((long)r * columns);
            float* to = y.Pointer + ((long)r * columns);
            var (mean, scale) = Moments(from, columns, eps);
            for (int c = 0; c < columns; c++)
            {
                double g = gain.IsEmpty ? 1 : gain.Pointer[c];
                double b = bias.IsEmpty ? 0 : bias.Pointer[c];
                to[c] = (float)(((from[c] - mean) * scale * g) + b);
            }
        }
    }

    /// <summary>Mean of a row and 1 / sqrt(variance + eps).</summary>
    internal static (double Mean, double Scale) Moments(float* x, int columns, float eps)
    {
        double sum = 0;
        for (int c = 0; c < columns; c++)
        {
            sum += x[c];
        }

        double mean = sum / columns;
        double squares = 0;
        for (int c = 0; c < columns; c++)
        {
            squares += (x[c] - mean) * (x[c] - mean);
        }

        return (mean, 1 / Math.Sqrt((squares / columns) + eps));
    }
}
