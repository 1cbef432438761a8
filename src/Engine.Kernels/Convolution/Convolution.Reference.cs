namespace Engine.Kernels;

public static unsafe partial class Convolution
{
    static void Reference(Device device, in ConvCall call)
    {
        var (x, weight, y, residual, _) = call;
        for (int row = 0; row < y.Height; row++)
        {
            for (int column = 0; column < y.Width; column++)
            {
                for (int n = 0; n < weight.Outputs; n++)
                {
                    double sum = weight.Bias[n] + ReferenceSum(x, weight, row, column, n);
                    y.At(row, column)[n] = (float)(sum + (residual.IsEmpty ? 0 : residual.At(row, column)[n]));
                }
            }
        }
    }

    static double ReferenceSum(in ConvInput x, ConvWeight weight, int row, int column, int n)
    {
        var kind = weight.Kind;
        int frames = kind.Frames();
        int side = kind switch { ConvKind.Time or ConvKind.Point => 1, ConvKind.Double => 2, _ => 3 };

        // Double: the 2x2 taps of this position in the output block, whose first row and column are one before the pixel for
        // even positions. Halve: taps start at the pixel itself. Causal: one before it.
        int phase = kind == ConvKind.Double ? ((row % 2) * 2) + (column % 2) : 0;
        int firstRow = kind switch { ConvKind.Causal => row - 1, ConvKind.Halve => 2 * row, ConvKind.Double => ((row + 1) / 2) - 1, _ => row };
        int firstColumn = kind switch { ConvKind.Causal => column - 1, ConvKind.Halve => 2 * column, ConvKind.Double => ((column + 1) / 2) - 1, _ => column };
        double sum = 0;
        for (int t = x.SkippedTaps(frames); t < frames; t++)
        {
            var plane = x.ByTap(t, frames);
            for (int dy = 0; dy < side; dy++)
            {
                for (int dx = 0; dx < side; dx++)
                {
                    int tap = (phase * 4) + (((t * side) + dy) * side) + dx;
                    float* pixel = plane.At(firstRow + dy, firstColumn + dx);
                    for (int c = 0; c < weight.Inputs; c++)
                    {
                        sum += (double)weight.At(n, tap, c) * pixel[c];
                    }
                }
            }
        }

        return sum;
    }
}
